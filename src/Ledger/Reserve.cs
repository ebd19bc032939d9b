using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>One payment that policy allowed and that asks for room.</summary>
public sealed record ReserveRequest
{
    public required PaymentId Id { get; init; }

    /// <summary>The policy that judged; another one in force now means <see cref="ReserveRefusal.PolicyChanged"/> and a fresh evaluation.</summary>
    public required Bytes32 PolicyHash { get; init; }

    public required PaymentFacts Facts { get; init; }

    public required IReadOnlyList<BudgetLine> Lines { get; init; }

    /// <summary>What will be signed, but for the nonce, which the ledger derives from the decision record.</summary>
    public required TransferTerms Terms { get; init; }

    /// <summary>32 secret random bytes of the decision record.</summary>
    public required Bytes32 Secret { get; init; }

    public required Bytes32 TermsHash { get; init; }

    /// <summary>Digest of the request that is being paid for: method, URL and body.</summary>
    public required Bytes32 RequestDigest { get; init; }

    /// <summary>
    /// What makes two requests the same purchase: method, URL, body and the headers that select the answer, hashed; or the agent's idempotency
    /// key, hashed, when it sent one (then <see cref="HasIdempotencyKey"/>).
    /// </summary>
    public required Bytes32 LogicalRequest { get; init; }

    /// <summary>With a key, the same key and another <see cref="RequestDigest"/> is <see cref="ReserveRefusal.IdempotencyKeyReuse"/>.</summary>
    public bool HasIdempotencyKey { get; init; }

    /// <summary>Methods that RFC 9110 9.2.1 calls safe may be bought again at once; others only after the duplicate window.</summary>
    public required bool IsSafeMethod { get; init; }

    /// <summary>Whether the recipient must be, or become, the one pinned for (origin, network).</summary>
    public required bool PinsRecipient { get; init; }

    /// <summary>What else the books are asked.</summary>
    public PaymentGuards Guards { get; init; } = PaymentGuards.None;

    public required PaymentContext Context { get; init; }
}

/// <summary>What receipts tell beyond the money; journaled with the reservation or the refusal, and never used to decide.</summary>
public sealed record PaymentContext
{
    public required string Method { get; init; }

    public required Origin Origin { get; init; }

    /// <summary>The path without its query.</summary>
    public required string Path { get; init; }

    /// <summary>HMAC-SHA256 of the query under the installation's key; null without a query.</summary>
    public string? QueryHmac { get; init; }

    /// <summary>The rule that decided, by its words.</summary>
    public required string Rule { get; init; }

    public required string Rail { get; init; }

    public required int ProtocolVersion { get; init; }

    public string? Scheme { get; init; }

    public string? AssetSymbol { get; init; }

    public string? Wallet { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Which rule said what, in the order of the decision.</summary>
    public IReadOnlyList<TraceStep> Trace { get; init; } = [];

    /// <summary>What the candidate policy would have said, where one is evaluated beside the policy in force.</summary>
    public ShadowSaying? Shadow { get; init; }
}

/// <summary>What a policy that is not in force would have said to the same request.</summary>
/// <param name="PolicyHash">The candidate.</param>
/// <param name="Allowed">Whether it would have paid, budgets included.</param>
/// <param name="Reason">The stable word of its refusal; null when it would have paid.</param>
/// <param name="Rule">Its deciding rule by its words.</param>
public sealed record ShadowSaying(Bytes32 PolicyHash, bool Allowed, string? Reason, string Rule);

/// <summary>A reservation that is on disk.</summary>
/// <param name="Id">The payment.</param>
/// <param name="Authorization">What may be signed, and nothing else.</param>
/// <param name="Value">Its dollar value.</param>
/// <param name="DecisionRecord">The bytes whose Keccak-256 is the nonce, verbatim.</param>
/// <param name="Sequence">Number of the journal line.</param>
/// <param name="Usage">The lines it draws on, this payment included.</param>
public sealed record Reservation(
    PaymentId Id,
    TransferAuthorization Authorization,
    Usd Value,
    string DecisionRecord,
    long Sequence,
    IReadOnlyList<LineUsage> Usage);

public abstract record ReserveOutcome
{
    private ReserveOutcome()
    {
    }

    public sealed record Reserved(Reservation Reservation) : ReserveOutcome;

    /// <param name="Reason">Why nothing was claimed.</param>
    /// <param name="Line">The limit without room, and how it stands; only for <see cref="ReserveRefusal.BudgetExceeded"/> and <see cref="ReserveRefusal.CountExceeded"/>.</param>
    /// <param name="RetryAfter">When asking again could succeed, where that is known.</param>
    /// <param name="Earlier">The payment in the way, for twins and keys.</param>
    /// <param name="PinnedRecipient">The pinned recipient, for <see cref="ReserveRefusal.RecipientChanged"/>.</param>
    public sealed record Refused(
        ReserveRefusal Reason,
        LineUsage? Line = null,
        TimeSpan? RetryAfter = null,
        PaymentId? Earlier = null,
        EvmAddress? PinnedRecipient = null) : ReserveOutcome
    {
        /// <summary>The rule that refused, by its words, for the guards.</summary>
        public string? Rule { get; init; }

        /// <summary>The last price at this endpoint, for <see cref="ReserveRefusal.PriceDrift"/>.</summary>
        public Usd? LastPrice { get; init; }

        /// <summary>
        /// The least figure of the guard that refused (per cent, times, failures) with which it would not have; for the drift guard also where
        /// a person is asked instead. Null where no figure would do.
        /// </summary>
        public int? PassesAt { get; init; }

        /// <summary>What a person is asked, for <see cref="ReserveRefusal.ApprovalPending"/> and <see cref="ReserveRefusal.ApprovalDenied"/>.</summary>
        public ApprovalQuestion? Approval { get; init; }

        /// <summary>
        /// For <see cref="ReserveRefusal.ApprovalPending"/> without an open question: whether it may be asked now. An agent with too many open
        /// questions is refused without a new one, until <see cref="RetryAfter"/>.
        /// </summary>
        public bool MayAsk { get; init; }
    }
}

/// <summary>Why a reservation was not made. The wire word of each is its snake_case form and never changes.</summary>
public enum ReserveRefusal
{
    /// <summary>A limit has no room for this payment.</summary>
    BudgetExceeded,

    /// <summary>Another recipient is pinned for this origin and network.</summary>
    RecipientChanged,

    /// <summary>The same logical request is being paid right now.</summary>
    PaymentInProgress,

    /// <summary>The same logical request was paid and its outcome is not known.</summary>
    PaymentInDoubt,

    /// <summary>The same unsafe request was paid within the duplicate window.</summary>
    DuplicatePayment,

    /// <summary>The idempotency key came with another request.</summary>
    IdempotencyKeyReuse,

    /// <summary>A limit on a number, of payments or of recipients, has no room.</summary>
    CountExceeded,

    /// <summary>Dearer than the last time by more than the policy's <c>priceDrift</c>.</summary>
    PriceDrift,

    /// <summary>The same request, paid as often as the policy's <c>loop</c> allows.</summary>
    RequestLoop,

    /// <summary>The seller was paid and did not deliver too often in a row: the policy's <c>breaker</c> is open.</summary>
    MerchantSuspended,

    /// <summary>A person has to agree first.</summary>
    ApprovalPending,

    /// <summary>A person said no to this very request.</summary>
    ApprovalDenied,

    /// <summary>Judged under a policy that is not in force any more: evaluate again.</summary>
    PolicyChanged,

    /// <summary>The operator stopped payments.</summary>
    Frozen,

    /// <summary>The journal failed or can't be trusted.</summary>
    LedgerUnavailable,
}
