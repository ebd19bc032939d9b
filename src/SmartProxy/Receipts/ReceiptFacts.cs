using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Receipts;

/// <summary>What a decision came to. The wire word of each is its snake_case form and never changes.</summary>
internal enum ReceiptOutcome
{
    /// <summary>The seller claims a settlement, or the chain proves one.</summary>
    Paid,

    /// <summary>Nothing was signed: policy, budget or operator said no.</summary>
    Refused,

    /// <summary>Allowed, but no money moved: nothing was signed, or the authorization is proven dead.</summary>
    Failed,

    /// <summary>A signature left and nobody knows whether it will be used.</summary>
    InDoubt,
}

/// <summary>Everything that a receipt is made from, as the journal tells it. Holds no cookie, credential, body or query by construction.</summary>
internal sealed record ReceiptFacts
{
    public required PaymentId Payment { get; init; }

    /// <summary>Which of the payment's receipts this is, from 1; each supersedes the one before.</summary>
    public int Number { get; init; } = 1;

    /// <summary>Whether this follows an earlier receipt.</summary>
    public bool IsFinal => Number > 1;

    /// <summary>Whether nothing can follow: the chain has spoken, or nothing was signed.</summary>
    public bool IsLast => Outcome is ReceiptOutcome.Refused or ReceiptOutcome.Failed || Proof is not null;

    public required ReceiptOutcome Outcome { get; init; }

    public required AgentId Agent { get; init; }

    public string? Group { get; init; }

    public string? Policy { get; init; }

    public string? Merchant { get; init; }

    public string? Category { get; init; }

    /// <summary>Method, origin, path, query HMAC, rule, rail, version, scheme, symbol and tags.</summary>
    public required PaymentContext Context { get; init; }

    public required Bytes32 TermsHash { get; init; }

    public required Bytes32 RequestDigest { get; init; }

    public Bytes32? ResponseDigest { get; init; }

    /// <summary>The policy that judged; null when none was in force.</summary>
    public Bytes32? PolicyHash { get; init; }

    /// <summary>The stable word of a refusal, failure or doubt; null when paid.</summary>
    public string? Reason { get; init; }

    /// <summary>The figures of a refusal, and the offer that was refused.</summary>
    public RefusalFigures? Figures { get; init; }

    /// <summary>The limits that the payment draws on.</summary>
    public IReadOnlyList<ReceiptLimit> Limits { get; init; } = [];

    /// <summary>The person's agreement that the payment used up, if one was asked.</summary>
    public PaymentId? Approval { get; init; }

    /// <summary>The grants that it used.</summary>
    public IReadOnlyList<GrantUse> Grants { get; init; } = [];

    /// <summary>What was reserved; null for a refusal.</summary>
    public ReservedTransfer? Reserved { get; init; }

    /// <summary>The declared dollar value of one whole token.</summary>
    public Usd? UsdPerToken { get; init; }

    /// <summary>Status of the paid answer, if one came.</summary>
    public int? Status { get; init; }

    /// <summary>Whether the agent got the paid answer; null when none was asked for.</summary>
    public bool? Delivered { get; init; }

    /// <summary>Why what came is not what was promised although its status says so; null when it is.</summary>
    public string? Undelivered { get; init; }

    /// <summary>The offer that the seller signed, if any.</summary>
    public SellerPaper? SellerOffer { get; init; }

    /// <summary>The receipt that the seller signed, if any.</summary>
    public SellerPaper? SellerReceipt { get; init; }

    /// <summary>What the seller says.</summary>
    public SettlementClaim? Claim { get; init; }

    /// <summary>What the chain says.</summary>
    public SettlementProof? Proof { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }

    /// <summary>When the outcome was known; for grouped refusals, of the last one.</summary>
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>The journal line of the reservation; null for a refusal.</summary>
    public LedgerLine? ReserveLine { get; init; }

    /// <summary>The journal line of the outcome, or of the refusal.</summary>
    public required LedgerLine OutcomeLine { get; init; }

    /// <summary>How many identical refusals this receipt stands for.</summary>
    public int Count { get; init; } = 1;

    /// <summary>The same with the declared value of its token, as the registry of its policy has it.</summary>
    public ReceiptFacts Rated(Func<Bytes32?, ChainId, EvmAddress, Usd?> usdPerToken) => this with
    {
        UsdPerToken = this switch
        {
            { Reserved.Authorization.Terms: { } terms } => usdPerToken(PolicyHash, terms.Chain, terms.Asset),
            { Figures: { Network: { } network, Asset: { } asset } } => usdPerToken(PolicyHash, network, asset),
            _ => null,
        },
    };
}

/// <param name="Authorization">What may have been signed.</param>
/// <param name="Value">Its dollar value.</param>
/// <param name="DecisionRecord">The text whose Keccak-256 is the nonce, verbatim.</param>
internal sealed record ReservedTransfer(TransferAuthorization Authorization, Usd Value, string DecisionRecord);

/// <param name="Sequence">Number of the line, from 1.</param>
/// <param name="Hash">SHA-256 of its bytes without the line feed: the next line's <c>prev</c>.</param>
internal sealed record LedgerLine(long Sequence, Bytes32 Hash);

/// <summary>A limit and how it stood at the decision; only its words where nothing more is known.</summary>
internal sealed record ReceiptLimit(string Id, Quantity? Limit = null, Quantity? Spent = null, Quantity? Held = null, Quantity? Remaining = null, DateTimeOffset? ResetsAt = null)
{
    public static ReceiptLimit From(LineUsage usage) =>
        new(usage.Line.Id, usage.Line.Limit, usage.Spent, usage.Held, usage.Remaining, usage.ResetsAt);
}

/// <summary>What the operator's own RPC said about an authorization, at a block.</summary>
/// <param name="Used">Whether the transfer happened; false means proven dead.</param>
/// <param name="Block">The block's number.</param>
/// <param name="BlockHash">The block's hash.</param>
/// <param name="BlockTime">The block's time.</param>
/// <param name="Transaction">The transaction, when used and found.</param>
internal sealed record SettlementProof(bool Used, long Block, Bytes32 BlockHash, DateTimeOffset BlockTime, string? Transaction = null);
