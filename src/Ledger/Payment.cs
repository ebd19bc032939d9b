using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>One payment as the books retain it. Changed by <see cref="BudgetLedger.Apply"/> only.</summary>
public sealed class Payment
{
    internal Payment(long sequence, DateTimeOffset at, JournalEntry.Reserved claim)
    {
        (Id, Sequence, ReservedAt, ChangedAt, Facts, Claim) = (claim.Id, sequence, at, at, claim.Facts, claim);
        ValidBefore = DateTimeOffset.FromUnixTimeSeconds(claim.Authorization.Terms.ValidBefore);
        (LogicalRequest, RequestDigest) = (claim.LogicalRequest, claim.RequestDigest);
        (HasIdempotencyKey, IsSafeMethod) = (claim.HasIdempotencyKey, claim.IsSafeMethod);
    }

    public PaymentId Id { get; }

    /// <summary>Number of the journal line that reserved it.</summary>
    public long Sequence { get; }

    public DateTimeOffset ReservedAt { get; }

    /// <summary>When it last changed its state.</summary>
    public DateTimeOffset ChangedAt { get; private set; }

    public PaymentFacts Facts { get; }

    /// <summary>From this chain time on the contract refuses the authorization.</summary>
    public DateTimeOffset ValidBefore { get; }

    public PaymentState State { get; private set; }

    /// <summary>Whether the agent got an answer below 400 for it.</summary>
    public bool Delivered { get; private set; }

    /// <summary>What was claimed, for the signer; dropped once the outcome is known, so that a million payments fit in memory.</summary>
    public JournalEntry.Reserved? Claim { get; private set; }

    internal Bytes32 LogicalRequest { get; }

    internal Bytes32 RequestDigest { get; }

    internal bool HasIdempotencyKey { get; }

    internal bool IsSafeMethod { get; }

    /// <summary>Whether a signature may still be made or be on its way.</summary>
    public bool IsUnderWay => State is PaymentState.Reserved or PaymentState.Sent;

    internal void Move(PaymentState to, DateTimeOffset at, bool delivered)
    {
        // A proof changes what is known and not when it happened: it must not begin another duplicate window.
        ChangedAt = State is PaymentState.Settled && to is PaymentState.Proven ? ChangedAt : at;
        (State, Delivered) = (to, Delivered || delivered);
        Claim = IsUnderWay ? Claim : null;
    }
}
