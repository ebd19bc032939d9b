using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>What the agent got for its money.</summary>
internal enum DeliveryOutcome
{
    /// <summary>Not known: under way, never signed, or lost in a restart.</summary>
    Unknown,

    /// <summary>Paid, as far as we know, and not delivered.</summary>
    Failed,

    /// <summary>Delivered.</summary>
    Delivered,
}

/// <summary>One payment as the books retain it. Changed by <see cref="BudgetLedger.Apply"/> only.</summary>
public sealed class Payment
{
    // Times as ticks in UTC: a million payments are kept.
    private readonly long _reservedAt;
    private readonly long _validBefore;
    private long _changedAt;
    private long _outcomeAt;
    private long _outcomeSequence;

    internal Payment(long sequence, DateTimeOffset at, JournalEntry.Reserved claim)
    {
        (Id, Sequence, _reservedAt, _changedAt, Facts) = (claim.Id, sequence, at.UtcTicks, at.UtcTicks, claim.Facts);
        _validBefore = DateTimeOffset.FromUnixTimeSeconds(claim.Authorization.Terms.ValidBefore).UtcTicks;
        (LogicalRequest, RequestDigest) = (claim.LogicalRequest, claim.RequestDigest);
        (HasIdempotencyKey, IsSafeMethod, Grants) = (claim.HasIdempotencyKey, claim.IsSafeMethod, claim.Grants);
    }

    public PaymentId Id { get; }

    /// <summary>Number of the journal line that reserved it.</summary>
    public long Sequence { get; }

    public DateTimeOffset ReservedAt => Time(_reservedAt);

    /// <summary>When it last changed its state.</summary>
    public DateTimeOffset ChangedAt => Time(_changedAt);

    public PaymentFacts Facts { get; internal set; }

    /// <summary>From this chain time on the contract refuses the authorization.</summary>
    public DateTimeOffset ValidBefore => Time(_validBefore);

    public PaymentState State { get; private set; }

    /// <summary>Whether the agent got an answer below 400 for it.</summary>
    public bool Delivered => Outcome == DeliveryOutcome.Delivered;

    internal Bytes32 LogicalRequest { get; }

    internal Bytes32 RequestDigest { get; }

    internal bool HasIdempotencyKey { get; }

    internal bool IsSafeMethod { get; }

    /// <summary>The grants that it uses; they get it back when it is proven dead.</summary>
    internal IReadOnlyList<GrantUse> Grants { get; }

    /// <summary>Whether a signature may still be made or be on its way.</summary>
    public bool IsUnderWay => State is PaymentState.Reserved or PaymentState.Sent;

    internal DeliveryOutcome Outcome { get; private set; }

    /// <summary>Number and time of the line that first told the outcome.</summary>
    internal (long Sequence, DateTimeOffset At) OutcomeAt => (_outcomeSequence, Time(_outcomeAt));

    /// <summary>All payments with the same facts but for the value.</summary>
    internal PaymentKind? Kind { get; set; }

    /// <summary>The payment before it with the same facts but for the value.</summary>
    internal Payment? EarlierOfKind { get; set; }

    /// <summary>The payment before it by the same agent for the same request.</summary>
    internal Payment? EarlierOfRequest { get; set; }

    /// <summary>The payment before it at the same origin, method and path.</summary>
    internal Payment? EarlierAtEndpoint { get; set; }

    internal void Move(PaymentState to, DateTimeOffset at)
    {
        // A proof changes what is known and not when it happened: it must not begin another duplicate window.
        _changedAt = State is PaymentState.Settled && to is PaymentState.Proven ? _changedAt : at.UtcTicks;
        State = to;
    }

    /// <summary>Whether its answer turned out to be not what was paid for, whatever its status said.</summary>
    internal bool IsUndelivered { get; private set; }

    /// <summary>What seemed delivered was not: the answer ended badly after its head.</summary>
    internal void FailDelivery(long sequence, DateTimeOffset at)
    {
        IsUndelivered = true;
        if (Outcome != DeliveryOutcome.Failed)
        {
            (Outcome, _outcomeSequence, _outcomeAt) = (DeliveryOutcome.Failed, sequence, at.UtcTicks);
        }
    }

    /// <summary>An outcome is told once; only a delivery still changes it.</summary>
    internal void Tell(DeliveryOutcome outcome, long sequence, DateTimeOffset at)
    {
        if (outcome > Outcome)
        {
            (Outcome, _outcomeSequence, _outcomeAt) = (outcome, sequence, at.UtcTicks);
        }
    }

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}
