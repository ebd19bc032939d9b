using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>A value and where it was written.</summary>
internal readonly record struct Located<T>(T Value, Place At);

/// <summary>A policy file as written: every value has its type, nothing is looked up yet. Null is absent.</summary>
internal sealed record PolicyDocument(
    Place At,
    IReadOnlyList<Located<ChainId>>? Networks,
    IReadOnlyList<Located<string>>? Assets,
    IReadOnlyList<Located<string>>? Schemes,
    Located<string>? Wallet,
    TimeZoneInfo Zone,
    bool Pins,
    OrganizationEntry? Organization,
    IReadOnlyList<MerchantEntry> Merchants,
    IReadOnlyList<CategoryEntry> Categories,
    IReadOnlyList<GroupEntry> Groups,
    IReadOnlyList<PolicyEntry> Policies,
    IReadOnlyList<AgentEntry> Agents,
    IReadOnlyList<TokenEntry> Tokens,
    IReadOnlyList<Located<ChainId>> TestNetworks,
    string? Shadow);

/// <summary>An addition to the asset registry.</summary>
internal sealed record TokenEntry(Place At, Asset Asset);

internal sealed record OrganizationEntry(Place At, LimitsEntry? Limits);

internal sealed record MerchantEntry(
    string Name,
    Place At,
    IReadOnlyList<Located<HostPattern>> Hosts,
    Located<string>? Category,
    RecipientsEntry? Recipients,
    IReadOnlyList<Located<ChainId>>? Networks,
    bool AllowCleartext,
    bool PayHead,
    bool PayUpgrades,
    int? ValidSeconds,
    LimitsEntry? Limits,
    TagsEntry? Tags,
    Located<int>? PriceDrift,
    BreakerRule? Breaker,
    Located<Upstream>? Upstream);

/// <summary>Hosts of a category that are no merchants.</summary>
internal sealed record CategoryEntry(string Name, Place At, IReadOnlyList<Located<HostPattern>> Hosts);

internal sealed record GroupEntry(string Name, Place At, LimitsEntry? Limits, TagsEntry? Tags);

/// <summary>A template.</summary>
internal sealed record PolicyEntry(string Name, Place At, RuleMembers Members);

internal sealed record AgentEntry(AgentPattern Pattern, Place At, Located<string>? Policy, RuleMembers Members, IReadOnlyList<Located<Bytes32>> TokenHashes);

/// <summary>What policies and agents both may say.</summary>
internal sealed record RuleMembers(
    Located<string>? Group,
    IReadOnlyList<Located<Selector>>? Allow,
    IReadOnlyList<Located<Selector>>? Deny,
    IReadOnlyList<Located<ChainId>>? Networks,
    IReadOnlyList<Located<string>>? Assets,
    IReadOnlyList<Located<string>>? Schemes,
    RecipientsEntry? Recipients,
    LimitsEntry? Limits,
    int? ValidSeconds,
    EgressRule? Egress,
    InterceptRule? Intercept,
    WebSocketRule? WebSockets,
    Located<string>? Wallet,
    TagsEntry? Tags,
    Located<ApprovalRule>? Approval,
    ScheduleRule? Schedule,
    Located<int>? PriceDrift,
    LoopGuard? Loop,
    BreakerRule? Breaker);

/// <param name="At">Where.</param>
/// <param name="Choice">How recipients are accepted.</param>
/// <param name="Listed">The list, for <see cref="RecipientChoice.Listed"/>.</param>
internal sealed record RecipientsEntry(Place At, RecipientChoice Choice, IReadOnlyList<Located<EvmAddress>> Listed);

internal sealed record TagsEntry(Place At, IReadOnlyList<KeyValuePair<string, string>> Tags);

internal sealed record LimitsEntry(
    Place At,
    IReadOnlyList<LimitEntry> Own,
    IReadOnlyList<EachEntry> Each,
    IReadOnlyList<NarrowedEntry> In);

/// <summary>Limits with a counter of their own for every merchant, recipient or category.</summary>
internal sealed record EachEntry(EachBy By, Place At, IReadOnlyList<LimitEntry> Limits);

/// <summary>Limits on what a selector matches.</summary>
internal sealed record NarrowedEntry(Selector Selector, Place At, IReadOnlyList<LimitEntry> Limits);

/// <param name="Key">What it is merged by: <c>day</c>, <c>24h</c>, <c>payments.1m</c>.</param>
/// <param name="At">Where; its path is the limit's id.</param>
/// <param name="Window">When payments count; null for a single payment.</param>
/// <param name="Limit">The most.</param>
internal sealed record LimitEntry(string Key, Place At, SpendWindow? Window, Quantity Limit);

internal enum RecipientChoice
{
    Listed,
    Pin,
    Any,
}

internal enum EgressRule
{
    Any,
    ListedOnly,
}

internal enum InterceptRule
{
    Payable,
    All,
}

internal enum WebSocketRule
{
    Any,
    Listed,
    None,
}
