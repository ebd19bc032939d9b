using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting;

/// <summary>What is known of one month: a payment belongs to the month of its reservation, whenever it settles.</summary>
internal sealed class MonthBook(Month month)
{
    private readonly PaymentBook _book = new((_, at) => month.Contains(at));
    private readonly List<(LedgerEvent.Refused Refused, DateTimeOffset At)> _refusals = [];
    private readonly Dictionary<PaymentId, int> _refusalAt = [];

    public IReadOnlyCollection<BookedPayment> Payments => _book.Payments;

    public IReadOnlyList<(LedgerEvent.Refused Refused, DateTimeOffset At)> Refusals => _refusals;

    public void Take(JournalLine line)
    {
        if (line.Entry is JournalEntry.Recorded { Event: LedgerEvent.Refused refused })
        {
            Take(refused, line.At);
        }
        else
        {
            _book.Take(line);
        }
    }

    private void Take(LedgerEvent.Refused refused, DateTimeOffset at)
    {
        if (_refusalAt.TryGetValue(refused.Decision, out var index))
        {
            _refusals[index] = _refusals[index] with { Refused = refused }; // the same decision, with its final count
        }
        else if (month.Contains(at))
        {
            _refusalAt.Add(refused.Decision, _refusals.Count);
            _refusals.Add((refused, at));
        }
    }
}
