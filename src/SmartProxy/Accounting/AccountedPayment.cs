using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting;

/// <summary>A payment as the books close it.</summary>
/// <param name="Reserved">What was reserved.</param>
/// <param name="At">When: it belongs to the month of its reservation, whenever it settles.</param>
/// <param name="State">How it ended, as far as is known.</param>
internal sealed record AccountedPayment(JournalEntry.Reserved Reserved, DateTimeOffset At, PaymentState State)
{
    public Usd Value => Reserved.Facts.Value;
}

/// <summary>What is known of one month, taken in line by line.</summary>
internal sealed class MonthBook(Month month)
{
    private readonly Dictionary<PaymentId, AccountedPayment> _payments = [];
    private readonly List<(LedgerEvent.Refused Refused, DateTimeOffset At)> _refusals = [];
    private readonly Dictionary<PaymentId, int> _refusalAt = [];

    public IReadOnlyCollection<AccountedPayment> Payments => _payments.Values;

    public IReadOnlyList<(LedgerEvent.Refused Refused, DateTimeOffset At)> Refusals => _refusals;

    public void Take(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved when month.Contains(line.At):
                _payments.Add(reserved.Id, new AccountedPayment(reserved, line.At, PaymentState.Reserved));
                break;
            case JournalEntry.Recorded { Event: var happened }:
                Take(happened, line.At);
                break;
        }
    }

    private void Take(LedgerEvent happened, DateTimeOffset at)
    {
        switch (happened)
        {
            case LedgerEvent.Refused refused when month.Contains(at) && !_refusalAt.ContainsKey(refused.Decision):
                _refusalAt.Add(refused.Decision, _refusals.Count);
                _refusals.Add((refused, at));
                break;
            case LedgerEvent.Refused refused when _refusalAt.TryGetValue(refused.Decision, out var index):
                _refusals[index] = _refusals[index] with { Refused = refused }; // the same decision, with its final count
                break;
            case LedgerEvent.Sent e:
                Move(e.Payment, PaymentState.Sent);
                break;
            case LedgerEvent.Settled e:
                Move(e.Payment, PaymentState.Settled);
                break;
            case LedgerEvent.InDoubt e:
                Move(e.Payment, PaymentState.InDoubt);
                break;
            case LedgerEvent.Aborted e:
                Move(e.Payment, PaymentState.Aborted);
                break;
        }
    }

    private void Move(PaymentId id, PaymentState to)
    {
        if (_payments.TryGetValue(id, out var payment))
        {
            _payments[id] = payment with { State = to };
        }
    }
}
