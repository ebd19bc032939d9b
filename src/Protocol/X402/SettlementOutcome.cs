namespace SmartProxy.Protocol.X402;

/// <summary>
/// What the answer to a paid request means for the money. No answer frees any: a live signature is out, and whoever has it can still use it. The
/// only question is whether the seller says that it did.
/// </summary>
public abstract record SettlementOutcome
{
    /// <summary>The payment was turned down: the same request was asked to pay again, or refused.</summary>
    public const string RefusedAfterPayment = "refused_after_payment";

    /// <summary>The connection broke, or nothing came in time.</summary>
    public const string NoAnswer = "no_answer";

    /// <summary>An answer that says nothing about a settlement, or nothing readable.</summary>
    public const string SettlementMissing = "settlement_missing";

    /// <summary>The seller says that settling failed, which can't be told apart from having lost sight of it.</summary>
    public const string SettlementFailed = "settlement_failed";

    /// <summary>A transaction is on its way; it may still go through.</summary>
    public const string SettlementPending = "settlement_pending";

    private SettlementOutcome()
    {
    }

    /// <summary>The seller says that it settled, and names the transaction.</summary>
    /// <param name="Claim">What it says.</param>
    /// <param name="Delivered">Whether the answer is below 400: a seller that settles first keeps the money when its work fails.</param>
    public sealed record Settled(SettlementReading.Claim Claim, bool Delivered) : SettlementOutcome;

    /// <summary>Nobody knows. The amount stays held.</summary>
    /// <param name="Why">One of the words above.</param>
    /// <param name="Delivered">Whether the answer is below 400.</param>
    /// <param name="Claim">What the seller says, if it can be read.</param>
    public sealed record InDoubt(string Why, bool Delivered, SettlementReading.Claim? Claim) : SettlementOutcome;

    /// <param name="status">The status of the answer, or null when none came.</param>
    /// <param name="reading">What its headers say.</param>
    public static SettlementOutcome Of(int? status, SettlementReading reading)
    {
        if (status is not { } code)
        {
            return new InDoubt(NoAnswer, Delivered: false, Claim: null);
        }

        var delivered = code < 400;
        if (reading is SettlementReading.Claim claim)
        {
            return OfClaim(claim, delivered);
        }

        var why = code is >= 400 and < 500 ? RefusedAfterPayment : SettlementMissing;
        return new InDoubt(why, delivered, Claim: null);
    }

    private static SettlementOutcome OfClaim(SettlementReading.Claim claim, bool delivered) => claim switch
    {
        { Success: true, Transaction.Length: > 0 } => new Settled(claim, delivered),

        // "Settled" without a transaction names nothing that could ever be checked.
        { Success: true } => new InDoubt(SettlementMissing, delivered, claim),

        { Transaction.Length: > 0 } or { ErrorReason: SettlementPending } => new InDoubt(SettlementPending, delivered, claim),
        _ => new InDoubt(SettlementFailed, delivered, claim),
    };
}
