using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>The decisions: they look, and change nothing.</summary>
public sealed partial class BudgetLedger
{
    /// <summary>
    /// Whether a payment may be made, with all that it claims. Nothing is changed; the entry must be applied before the next decision.
    /// </summary>
    /// <param name="request">What policy allowed.</param>
    /// <param name="now">The wall clock.</param>
    /// <param name="journalHead">Hash of the last line that is known to be on disk; the nonce commits to it.</param>
    /// <exception cref="ArgumentException">The request contradicts itself: a mistake in the caller.</exception>
    public ReserveDecision Decide(ReserveRequest request, DateTimeOffset now, Bytes32 journalHead)
    {
        now = Tick(now);
        request = request.Checked();
        if (Weigh(request, now, isWaitWanted: true, out var room, out var agreement) is { } refused)
        {
            return refused;
        }

        var record = DecisionRecord.Compose(request, journalHead);
        var entry = request.ToEntry(room, agreement, record, DecisionRecord.NonceOf(record));
        return Objection(entry, now) is null ? entry : new ReserveOutcome.Refused(ReserveRefusal.LedgerUnavailable);
    }

    /// <summary>The same decision without a record that a nonce could commit to: what is booked by it can never be signed.</summary>
    internal ReserveDecision DecideUnsigned(ReserveRequest request, DateTimeOffset now)
    {
        now = Tick(now);
        request = request.Checked();
        return Weigh(request, now, isWaitWanted: false, out var room, out var agreement) is { } refused
            ? refused
            : request.ToEntry(room, agreement, "", new Bytes32([.. new byte[24], .. BitConverter.GetBytes(Sequence)]));
    }

    /// <summary>
    /// What would be said to a payment under a policy that is not in force: its guards and limits against what was really paid. Whether payments are
    /// stopped, and whether the request is a twin, is left out: it is the same under every policy. Nothing is changed that is decided by.
    /// </summary>
    /// <param name="request">What that policy allowed; the keys of its scopes must mean something under that policy only.</param>
    /// <param name="now">The wall clock.</param>
    /// <exception cref="ArgumentException">The request contradicts itself: a mistake in the caller.</exception>
    public ReserveOutcome.Refused? WouldRefuse(ReserveRequest request, DateTimeOffset now) =>
        Ask(request.Checked(), _book.Shown, Tick(now), isWaitWanted: false, out _, out _);

    private ReserveOutcome.Refused? Weigh(ReserveRequest request, DateTimeOffset now, bool isWaitWanted, out Room room, out PaymentId? agreement)
    {
        (room, agreement) = (default!, null);
        return Freeze.ReasonFor(request.Facts.Agent) is not null ? new ReserveOutcome.Refused(ReserveRefusal.Frozen)
            : PolicyHash != request.PolicyHash ? new ReserveOutcome.Refused(ReserveRefusal.PolicyChanged)
            : _requests.InTheWay(request, now) ?? Ask(request, _book.Decided, now, isWaitWanted, out room, out agreement);
    }

    // The guards, then the limits, and a person last, who is asked only for what would otherwise be paid.
    private ReserveOutcome.Refused? Ask(ReserveRequest request, SumSet sums, DateTimeOffset now, bool isWaitWanted, out Room room, out PaymentId? agreement)
    {
        (room, agreement) = (default!, null);
        if (_guards.Refuse(request, sums, now, out var need) is { } guarded)
        {
            return guarded;
        }

        if (request.Facts.Value >= ValueCeiling)
        {
            return new ReserveOutcome.Refused(ReserveRefusal.BudgetExceeded);
        }

        if (RoomCheck.Refuse(request, sums, _grants, now, isWaitWanted, out room) is { } exceeded)
        {
            return exceeded;
        }

        if (need.Causes == ApprovalCauses.None)
        {
            return null;
        }

        (agreement, var unanswered) = _approvals.Ask(request, request.Guards.Approval!, need.Causes, now);
        return unanswered is null ? null : unanswered with { PassesAt = need.PassesAt };
    }
}
