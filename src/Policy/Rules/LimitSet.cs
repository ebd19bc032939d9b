using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <param name="Id">Its words, its place in the policy: <c>policies.research.limits.day</c>.</param>
/// <param name="Key">What it is merged by: <c>day</c>, <c>24h</c>.</param>
/// <param name="Window">When payments count; null for a single payment.</param>
/// <param name="Limit">The most.</param>
internal sealed record LimitRule(string Id, string Key, SpendWindow? Window, Usd Limit);

/// <summary>Limits of one owner.</summary>
/// <param name="Own">Over everything the owner spends.</param>
/// <param name="EachMerchant">With a counter of its own for every merchant.</param>
/// <param name="In">Over what a selector matches.</param>
internal sealed record LimitSet(IReadOnlyList<LimitRule> Own, IReadOnlyList<LimitRule> EachMerchant, IReadOnlyList<NarrowLimits> In)
{
    public static readonly LimitSet None = new([], [], []);

    /// <summary>These limits with those of <paramref name="over"/> in their place, key by key.</summary>
    public LimitSet MergedWith(LimitSet over) => new(
        Merge(Own, over.Own),
        Merge(EachMerchant, over.EachMerchant),
        [
            .. In.Select(mine => over.In.FirstOrDefault(o => o.Selector == mine.Selector) is { } theirs ? mine with { Limits = Merge(mine.Limits, theirs.Limits) } : mine),
            .. over.In.Where(theirs => In.All(mine => mine.Selector != theirs.Selector)),
        ]);

    private static List<LimitRule> Merge(IReadOnlyList<LimitRule> under, IReadOnlyList<LimitRule> over) =>
        [.. under.Where(u => over.All(o => o.Key != u.Key)), .. over];
}

/// <summary>Limits over what a selector matches.</summary>
internal sealed record NarrowLimits(Selector Selector, IReadOnlyList<LimitRule> Limits);
