using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting;

/// <summary>A payment as the journal tells it, up to the last word about it.</summary>
/// <param name="Reserved">What was reserved.</param>
/// <param name="At">When.</param>
internal sealed record BookedPayment(JournalEntry.Reserved Reserved, DateTimeOffset At)
{
    public PaymentId Id => Reserved.Id;

    public TransferTerms Terms => Reserved.Authorization.Terms;

    public Usd Value => Reserved.Facts.Value;

    public PaymentState State { get; private init; }

    /// <summary>When the seller answered; null before.</summary>
    public DateTimeOffset? AnsweredAt { get; private init; }

    /// <summary>What the seller says.</summary>
    public SettlementClaim? Claim { get; private init; }

    /// <summary>Status of the paid answer.</summary>
    public int? Status { get; private init; }

    /// <summary>Whether the agent got an answer below 400; null while nothing came.</summary>
    public bool? Delivered { get; private init; }

    /// <summary>Why what came is not what was promised, whatever its status said; null when it is, as far as is known.</summary>
    public string? Undelivered { get; private init; }

    /// <summary>Token units that came back.</summary>
    public UInt128 Refunded { get; private init; }

    /// <summary>The stable word of a doubt, an abort or an expiry.</summary>
    public string? Why { get; private init; }

    /// <summary>What the chain says: used when <see cref="State"/> is proven, never used when it is expired.</summary>
    public ChainProof? Proof { get; private init; }

    /// <summary>The operator's attestation, and when.</summary>
    public (LedgerEvent.Voided Word, DateTimeOffset At)? Voided { get; private init; }

    /// <summary>Whether it can still be charged, or was and nobody has proven it.</summary>
    public bool IsOpen => State is not (PaymentState.Proven or PaymentState.Expired or PaymentState.Aborted);

    /// <summary>Whether it counts as paid: by the word of a seller, of the chain, or of an operator.</summary>
    public bool IsPaid => State is PaymentState.Settled or PaymentState.Proven or PaymentState.Voided;

    /// <summary>Whether it may still be charged and nobody says that it was.</summary>
    public bool IsHeld => State is PaymentState.Reserved or PaymentState.Sent or PaymentState.InDoubt;

    /// <summary>The same payment after an event about it; itself after any other.</summary>
    public BookedPayment After(LedgerEvent happened, DateTimeOffset at) => happened switch
    {
        LedgerEvent.Sent => this with { State = PaymentState.Sent },
        LedgerEvent.Settled e => this with { State = PaymentState.Settled, AnsweredAt = at, Claim = e.Claim, Status = e.Status, Delivered = e.Delivered, Why = null },
        LedgerEvent.InDoubt e => this with { State = PaymentState.InDoubt, AnsweredAt = e.Status is null ? AnsweredAt : at, Claim = e.Claim ?? Claim, Status = e.Status ?? Status, Delivered = e.Delivered, Why = e.Why },
        LedgerEvent.Undelivered e => this with { Delivered = false, Undelivered = e.Why },
        LedgerEvent.Refunded e => this with { Refunded = Refunded + e.Refund.Value.Units },
        LedgerEvent.Aborted e => this with { State = PaymentState.Aborted, Why = e.Why },
        LedgerEvent.Voided e => this with { State = PaymentState.Voided, Voided = (e, at) },
        LedgerEvent.Proven e => this with { State = PaymentState.Proven, Proof = e.Proof },
        LedgerEvent.Expired e => this with { State = PaymentState.Expired, Proof = e.Proof, Why = e.Why },
        _ => this,
    };

    /// <summary>The payment that an event is about, if any.</summary>
    public static PaymentId? SubjectOf(LedgerEvent happened) => happened switch
    {
        LedgerEvent.Sent e => e.Payment,
        LedgerEvent.Undelivered e => e.Payment,
        LedgerEvent.SellerSigned e => e.Payment,
        LedgerEvent.Refunded e => e.Payment,
        LedgerEvent.Settled e => e.Payment,
        LedgerEvent.InDoubt e => e.Payment,
        LedgerEvent.Aborted e => e.Payment,
        LedgerEvent.Voided e => e.Payment,
        LedgerEvent.Proven e => e.Payment,
        LedgerEvent.Expired e => e.Payment,
        _ => null,
    };
}
