using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// Books for what-if: the same sums, guards and order of decisions as the real ones, over payments that nobody can sign. Lines come in the order
/// of their times. What can't follow from what was simulated before is left out, because then it would not have happened.
/// </summary>
public sealed class SimulatedBooks
{
    private readonly BudgetLedger _ledger = new();
    private readonly Bytes32 _policy;

    /// <param name="policy">The policy under which everything is decided.</param>
    public SimulatedBooks(Bytes32 policy)
    {
        _policy = policy;
        Apply(new JournalEntry.Opened(policy), DateTimeOffset.MinValue);
        Happen(new LedgerEvent.PolicyActivated(policy, "", "", ""), DateTimeOffset.MinValue);
    }

    /// <summary>Whether a payment was retained or reserved here.</summary>
    public bool Holds(PaymentId id) => _ledger.Find(id) is not null;

    /// <summary>A payment of the past that counts as it was, whatever is thought of it now. False when the books hold it already.</summary>
    public bool Retain(JournalEntry.Reserved entry, DateTimeOffset at) =>
        Apply(entry with { PolicyHash = _policy }, at) || Apply(entry with { PolicyHash = _policy, Grants = [], Approval = null }, at);

    /// <summary>Decides, and books what is allowed; null when it is.</summary>
    public ReserveOutcome.Refused? Reserve(ReserveRequest request, DateTimeOffset at)
    {
        var decision = _ledger.DecideUnsigned(request, at);
        return decision.Entry is not { } entry ? decision.Refusal : Apply(entry, at) ? null : new ReserveOutcome.Refused(ReserveRefusal.LedgerUnavailable);
    }

    /// <summary>What became of a payment, or a question, an answer or a grant of a person. False when it can't follow.</summary>
    public bool Happen(LedgerEvent happened, DateTimeOffset at)
    {
        // A signature leaves before its answer comes; readers may leave out the line that says so.
        if (Subject(happened) is { } id && _ledger.Find(id) is { State: PaymentState.Reserved })
        {
            Apply(new JournalEntry.Recorded(new LedgerEvent.Sent(id)), at);
        }

        return Apply(new JournalEntry.Recorded(happened), at);
    }

    private bool Apply(JournalEntry entry, DateTimeOffset at)
    {
        at = at > _ledger.LastAt ? at : _ledger.LastAt;
        if (_ledger.Objection(entry, at) is not null)
        {
            return false;
        }

        _ledger.Apply(new JournalLine(_ledger.Sequence + 1, default, at, entry, default));
        return true;
    }

    private static PaymentId? Subject(LedgerEvent happened) => happened switch
    {
        LedgerEvent.Settled e => e.Payment,
        LedgerEvent.InDoubt e => e.Payment,
        _ => null,
    };
}
