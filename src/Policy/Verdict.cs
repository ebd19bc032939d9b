using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>What the policy is asked: may this agent pay this offer for this request?</summary>
/// <param name="Agent">Who asks.</param>
/// <param name="Method">The request's method, as sent.</param>
/// <param name="IsUpgrade">Whether the request asks for an upgrade (WebSocket).</param>
/// <param name="Origin">The origin that answered 402, as dialled.</param>
/// <param name="Offer">The offer under judgement.</param>
/// <param name="MaxPrice">The agent's own ceiling, if it sent one; it can only tighten.</param>
public sealed record PaymentQuestion(AgentId Agent, string Method, bool IsUpgrade, Origin Origin, PaymentOffer Offer, Usd? MaxPrice = null)
{
    /// <summary>The request's path without its query, as sent.</summary>
    public required string Path { get; init; }

    /// <summary>When it is asked: schedules depend on it.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>How the recipient was accepted.</summary>
public enum RecipientRule
{
    /// <summary>Listed by the operator.</summary>
    Listed,

    /// <summary>The first one seen for this origin and network is pinned by the reserve step; another one is refused there.</summary>
    Pin,

    /// <summary>Any recipient.</summary>
    Any,
}

/// <summary>The policy's answer for one offer. Every answer names the rule by its words.</summary>
public abstract record Verdict
{
    private Verdict()
    {
    }

    /// <summary>Which rule said what, in the order of the decision; a refusal is the last step.</summary>
    public IReadOnlyList<TraceStep> Trace { get; init; } = [];

    /// <param name="Offer">The very object that was judged.</param>
    /// <param name="Asset">Its token, from the registry: domain, decimals and dollar value.</param>
    /// <param name="Amount">Atomic units to sign.</param>
    /// <param name="Facts">What the ledger sums by.</param>
    /// <param name="Lines">Every limit that this payment draws on; all or none.</param>
    /// <param name="Recipient">How the recipient was accepted.</param>
    /// <param name="ValidSeconds">The longest validity the policy wants, in seconds.</param>
    /// <param name="Wallet">The wallet's name, or null for the only one.</param>
    /// <param name="Tags">For receipts and reports; they never decide.</param>
    /// <param name="Rule">The words of the rule that allowed it: <c>policies.research.allow[0] exa</c>.</param>
    public sealed record Allowed(
        PaymentOffer Offer,
        Asset Asset,
        TokenAmount Amount,
        PaymentFacts Facts,
        IReadOnlyList<BudgetLine> Lines,
        RecipientRule Recipient,
        int ValidSeconds,
        string? Wallet,
        IReadOnlyDictionary<string, string> Tags,
        string Rule) : Verdict
    {
        /// <summary>What the reserve step has to ask the books beside the limits.</summary>
        public PaymentGuards Guards { get; init; } = PaymentGuards.None;
    }

    /// <param name="Offer">The offer that was refused.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Rule">The words of the rule that refused, or <c>-</c> where nothing matched (default deny).</param>
    /// <param name="Value">The dollar value, where the asset is known.</param>
    /// <param name="Limit">The limit that was exceeded, where one was.</param>
    /// <param name="WouldPass">What would have passed, in words: <c>a price of at most 0.05 USD</c>.</param>
    public sealed record Denied(PaymentOffer Offer, DenyReason Reason, string Rule, Usd? Value = null, Usd? Limit = null, string? WouldPass = null) : Verdict
    {
        /// <summary>When the schedule opens again, for <see cref="DenyReason.OutsideSchedule"/>.</summary>
        public DateTimeOffset? OpensAt { get; init; }
    }
}
