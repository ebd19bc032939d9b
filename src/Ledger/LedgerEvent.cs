using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Something that happened and is recorded; each becomes one journal line.</summary>
public abstract record LedgerEvent
{
    private LedgerEvent()
    {
    }

    /// <summary>The signature is about to leave. From here only proof frees the money.</summary>
    public sealed record Sent(PaymentId Payment) : LedgerEvent;

    /// <summary>The seller says it settled.</summary>
    public sealed record Settled(PaymentId Payment, SettlementClaim Claim, int Status, bool Delivered, Bytes32? ResponseDigest = null) : LedgerEvent;

    /// <summary>Nobody knows whether the authorization will be used: refused again, lost, cut, unreadable, or delivered without a settlement.</summary>
    /// <param name="Payment">The payment.</param>
    /// <param name="Why">A stable word: <c>refused_after_payment</c>, <c>no_answer</c>, <c>settlement_missing</c>, <c>settlement_failed</c>, <c>settlement_pending</c>, <c>restart</c>.</param>
    /// <param name="Status">The status of the paid answer, or null when none came.</param>
    /// <param name="Delivered">Whether the agent got an answer below 400.</param>
    /// <param name="Claim">What the seller claimed, if it was readable.</param>
    public sealed record InDoubt(PaymentId Payment, string Why, int? Status, bool Delivered, SettlementClaim? Claim = null) : LedgerEvent
    {
        /// <summary>The word for what nobody knows because the process that knew is gone: no fault of the seller.</summary>
        public const string Restart = "restart";
    }

    /// <summary>It was paid, and the agent did not get what was promised although the status says so. Told once for each payment.</summary>
    /// <param name="Payment">The payment.</param>
    /// <param name="Why">A stable word: <c>truncated</c>, <c>empty</c> or <c>media_type</c>.</param>
    public sealed record Undelivered(PaymentId Payment, string Why) : LedgerEvent
    {
        /// <summary>The seller broke the answer off.</summary>
        public const string Truncated = "truncated";

        /// <summary>A successful answer without content.</summary>
        public const string Empty = "empty";

        /// <summary>Another media type than the terms promised.</summary>
        public const string MediaType = "media_type";
    }

    /// <summary>A paper that the seller signed: an offer or a receipt (x402 extension <c>offer-receipt</c>), kept as it came.</summary>
    public sealed record SellerSigned(PaymentId Payment, SellerPaper Paper) : LedgerEvent;

    /// <summary>The signer was provably never called; only legal from Reserved.</summary>
    public sealed record Aborted(PaymentId Payment, string Why) : LedgerEvent;

    /// <summary>The chain proves that it settled: the authorization was used and exactly its transfer was made, in a final block.</summary>
    public sealed record Proven(PaymentId Payment, ChainProof Proof) : LedgerEvent;

    /// <summary>The chain proves that it never settled and never can: the only way in which money returns to a budget.</summary>
    /// <param name="Payment">The payment.</param>
    /// <param name="Proof">A final block not before <c>validBefore</c> at which the authorization is unused, or the one that cancelled it.</param>
    /// <param name="Why">A stable word: <c>expired_unused</c> or <c>canceled</c>.</param>
    public sealed record Expired(PaymentId Payment, ChainProof Proof, string Why) : LedgerEvent
    {
        public const string Unused = "expired_unused";
        public const string Canceled = "canceled";
    }

    /// <summary>An operator closes a doubt that no chain could settle: booked as spent, attested by a person.</summary>
    public sealed record Voided(PaymentId Payment, string By, string Reason) : LedgerEvent;

    /// <summary>A transfer came in that can be money back for a payment: from its payee, in its token, at most what is left of it. Returns no budget.</summary>
    /// <param name="Payment">The payment that it is matched with; more than one may fit.</param>
    /// <param name="Refund">The transfer.</param>
    public sealed record Refunded(PaymentId Payment, ChainRefund Refund) : LedgerEvent;

    /// <summary>The chain shows something of our wallets that no decision explains. Recorded once for each event of the chain.</summary>
    public sealed record Drifted(ChainDrift Drift) : LedgerEvent;

    /// <summary>An operator agrees that the journal goes on from an older copy, although the anchor has seen more.</summary>
    /// <param name="Sequence">The line that the anchor names.</param>
    /// <param name="Head">Its hash.</param>
    /// <param name="By">Who.</param>
    /// <param name="Reason">Why.</param>
    public sealed record RollbackAccepted(long Sequence, Bytes32 Head, string By, string Reason) : LedgerEvent;

    /// <summary>A decision not to pay. Identical ones within a minute are one decision: the first is recorded at once, and their number afterwards.</summary>
    public sealed record Refused(
        PaymentId Decision,
        AgentId Agent,
        string Reason,
        PaymentContext Context,
        RefusalFigures Figures,
        Bytes32 TermsHash,
        Bytes32 RequestDigest,
        Bytes32? PolicyHash,
        int Count = 1) : LedgerEvent;

    /// <summary>A person is asked to agree to one exact payment. At most one open question for each binding.</summary>
    /// <param name="Approval">Its id.</param>
    /// <param name="Question">What is asked.</param>
    /// <param name="Context">For people.</param>
    /// <param name="Figures">For people.</param>
    /// <param name="ExpiresAt">When it closes without an answer.</param>
    public sealed record ApprovalRequested(PaymentId Approval, ApprovalQuestion Question, PaymentContext Context, RefusalFigures Figures, DateTimeOffset ExpiresAt) : LedgerEvent;

    /// <summary>A person answered. An agreement is used up by the one payment that it was asked for, or expires.</summary>
    public sealed record ApprovalAnswered(PaymentId Approval, bool Approved, string By, string Reason, DateTimeOffset ExpiresAt) : LedgerEvent;

    /// <summary>Room beyond the limits of one owner, until it is used up or expires. Never edits the policy file.</summary>
    /// <param name="Grant">Its id.</param>
    /// <param name="Owner">Whose dollar limits it lifts; limits on a single payment, counts and lists are not lifted.</param>
    /// <param name="Merchant">Only for payments to this merchant, or null.</param>
    /// <param name="Amount">The most by which limits may be exceeded, over all payments together.</param>
    /// <param name="ExpiresAt">When it ends.</param>
    /// <param name="By">Who gave it.</param>
    /// <param name="Reason">Why.</param>
    public sealed record Granted(PaymentId Grant, BudgetOwner Owner, string? Merchant, Usd Amount, DateTimeOffset ExpiresAt, string By, string Reason) : LedgerEvent;

    /// <summary>What is left of a grant is taken back.</summary>
    public sealed record GrantRevoked(PaymentId Grant, string By, string Reason) : LedgerEvent;

    /// <summary>A policy came into force; its text is archived by hash.</summary>
    public sealed record PolicyActivated(Bytes32 Hash, string Text, string Registry, string Change) : LedgerEvent;

    /// <summary>Payments stop: everywhere, or for one agent.</summary>
    public sealed record Frozen(AgentId? Agent, string By, string Reason) : LedgerEvent;

    public sealed record Unfrozen(AgentId? Agent, string By, string Reason) : LedgerEvent;
}

/// <summary>What a seller says about a settlement: a claim, not a proof.</summary>
public sealed record SettlementClaim(bool Success, string Transaction, string Network, string? Payer, TokenAmount? Amount, string? ErrorReason);

/// <param name="Kind"><c>offer</c> or <c>receipt</c>.</param>
/// <param name="Verdict"><c>valid</c>: signed by the recipient of the payment, and it says what was paid. <c>unknown_signer</c>: soundly signed, by a key that nothing here vouches for. <c>invalid</c>: not so.</param>
/// <param name="Why">A stable word for an invalid one; null otherwise.</param>
/// <param name="Signer">The address, or the key's id, that signed; null where there is none.</param>
/// <param name="Text">The paper as it came, as JSON.</param>
public sealed record SellerPaper(string Kind, string Verdict, string? Why, string? Signer, string Text)
{
    public const string Offer = "offer";
    public const string Receipt = "receipt";
    public const string Valid = "valid";
    public const string Invalid = "invalid";
    public const string UnknownSigner = "unknown_signer";

    /// <summary>The longest paper that is kept, in characters; a longer one is invalid and kept without its text.</summary>
    public const int MaxText = 8 * 1024;
}

/// <summary>The figures of a refusal; all optional, all for people and receipts.</summary>
public sealed record RefusalFigures(
    Usd? Price = null,
    EvmAddress? PayTo = null,
    ChainId? Network = null,
    EvmAddress? Asset = null,
    string? Amount = null,
    Quantity? Limit = null,
    Quantity? Spent = null,
    Quantity? Held = null,
    Quantity? Remaining = null,
    DateTimeOffset? ResetsAt = null)
{
    /// <summary>The least figure of the guard that refused with which it would have passed.</summary>
    public int? PassesAt { get; init; }

    /// <summary>What the limit counts; null when no limit is told of.</summary>
    public SpendMeasure? Measure => (Limit ?? Spent ?? Held ?? Remaining)?.Measure;
}
