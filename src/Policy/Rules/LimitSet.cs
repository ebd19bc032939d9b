using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <param name="Id">Its words, its place in the policy: <c>policies.research.limits.day</c>.</param>
/// <param name="Key">What it is merged by: <c>day</c>, <c>24h</c>, <c>payments.1m</c>.</param>
/// <param name="Window">When payments count; null for a single payment.</param>
/// <param name="Limit">The most; in dollars for a single payment.</param>
internal sealed record LimitRule(string Id, string Key, SpendWindow? Window, Quantity Limit)
{
    /// <summary>For traces: <c>at most 0.10 USD</c>.</summary>
    public string Text { get; } = $"at most {Limit.ToWords()}";
}

/// <summary>Limits of one owner.</summary>
/// <param name="Own">Over everything the owner spends.</param>
/// <param name="Each">With a counter of its own for every merchant, recipient or category.</param>
/// <param name="In">Over what a selector matches.</param>
internal sealed record LimitSet(IReadOnlyList<LimitRule> Own, IReadOnlyList<EachLimits> Each, IReadOnlyList<NarrowLimits> In)
{
    public static readonly LimitSet None = new([], [], []);

    /// <summary>These limits with those of <paramref name="over"/> in their place, key by key.</summary>
    public LimitSet MergedWith(LimitSet over) => new(
        Merge(Own, over.Own),
        [
            .. Each.Select(mine => over.Each.FirstOrDefault(o => o.By == mine.By) is { } theirs ? mine with { Limits = Merge(mine.Limits, theirs.Limits) } : mine),
            .. over.Each.Where(theirs => Each.All(mine => mine.By != theirs.By)),
        ],
        [
            .. In.Select(mine => over.In.FirstOrDefault(o => o.Selector == mine.Selector) is { } theirs ? mine with { Limits = Merge(mine.Limits, theirs.Limits) } : mine),
            .. over.In.Where(theirs => In.All(mine => mine.Selector != theirs.Selector)),
        ]);

    private static List<LimitRule> Merge(IReadOnlyList<LimitRule> under, IReadOnlyList<LimitRule> over) =>
        [.. under.Where(u => over.All(o => o.Key != u.Key)), .. over];
}

/// <summary>What gets a counter of its own.</summary>
internal enum EachBy
{
    /// <summary>All hosts that no merchant names share one.</summary>
    Merchant,

    /// <summary>At most <see cref="EachLimits.MaxRecipients"/>, then refused.</summary>
    Recipient,

    /// <summary>All hosts without a category share one.</summary>
    Category,
}

/// <param name="By">What gets a counter of its own.</param>
/// <param name="Words">Its place in the policy: <c>agents.me.limits.each.recipient</c>.</param>
/// <param name="Limits">On each of them.</param>
internal sealed record EachLimits(EachBy By, string Words, IReadOnlyList<LimitRule> Limits)
{
    /// <summary>So many recipients have a counter of their own; a seller that makes up new ones gets no further.</summary>
    public const int MaxRecipients = 1000;
}

/// <summary>Limits over what a selector matches.</summary>
internal sealed record NarrowLimits(Selector Selector, IReadOnlyList<LimitRule> Limits);
