using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>The operator's map of the web: which merchant an origin is, and which category.</summary>
internal sealed class HostMap
{
    private readonly HostIndex<MerchantRule> _merchants;
    private readonly HostIndex<string> _categories;

    public HostMap(HostIndex<MerchantRule> merchants, HostIndex<string> categories) => (_merchants, _categories) = (merchants, categories);

    /// <summary>Where a target is on the map. A merchant's own category comes before the list of hosts; the compiler sees to it that they agree.</summary>
    public Site Locate(in Target target)
    {
        var merchant = _merchants.Find(target);
        return new Site(target, merchant, merchant?.Category ?? _categories.Find(target));
    }

    public Site Locate(Origin origin) => Locate(Target.Of(origin));

    /// <summary>Whether a merchant or a category lists this port for this host in so many words.</summary>
    public bool ListsPort(in Target target) => _merchants.ListsPort(target) || _categories.ListsPort(target);
}

/// <param name="Target">Where the request goes.</param>
/// <param name="Merchant">The merchant, if any.</param>
/// <param name="Category">The category, if any.</param>
internal readonly record struct Site(Target Target, MerchantRule? Merchant, string? Category);

/// <summary>A seller, as the operator knows it.</summary>
internal sealed record MerchantRule(
    string Name,
    string? Category,
    RecipientSet Recipients,
    NamedSet<ChainId>? Networks,
    bool AllowCleartext,
    bool PayHead,
    bool PayUpgrades,
    int? ValidSeconds,
    LimitSet Limits,
    IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<HostPattern> Hosts,
    PriceDriftGuard? PriceDrift,
    BreakerRule? Breaker,
    Upstream? Upstream)
{
    /// <summary>Its words: <c>merchants.exa</c>.</summary>
    public string Words { get; } = "merchants." + Name;
}

/// <summary>A set that knows where it was written and how it reads.</summary>
internal sealed record NamedSet<T>(string Words, HashSet<T> Items, string Text)
{
    public bool Contains(T item) => Items.Contains(item);

    /// <summary><c>agents.me.networks base-sepolia</c>.</summary>
    public override string ToString() => $"{Words} {Text}";
}

/// <param name="Words">Where it was written, or would be.</param>
/// <param name="Rule">How recipients are accepted.</param>
/// <param name="Listed">The list, for <see cref="RecipientRule.Listed"/>.</param>
internal sealed record RecipientSet(string Words, RecipientRule Rule, HashSet<EvmAddress> Listed)
{
    /// <summary><c>pin</c>, <c>any</c>, or the addresses.</summary>
    public string Text { get; } = Rule switch
    {
        RecipientRule.Pin => "pin",
        RecipientRule.Any => "any",
        RecipientRule.Listed => Listed.Count == 0 ? "nobody" : string.Join(", ", Listed.Select(a => a.ToString()).Order(StringComparer.Ordinal)),
    };
}
