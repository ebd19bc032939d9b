using System.Globalization;
using SmartProxy.Policy.Document;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Words;

/// <summary>What one member of a policy says, in words that can be compared.</summary>
/// <param name="Kind">How it reads.</param>
/// <param name="Name">For a setting its name, for a member of a list the member itself.</param>
/// <param name="Value">For a setting its value.</param>
internal readonly record struct Aspect(AspectKind Kind, string Name, string Value = "");

internal enum AspectKind
{
    /// <summary>A name with a value.</summary>
    Setting,

    /// <summary>A window with dollars; absent means no limit.</summary>
    Limit,

    /// <summary>Something that may be paid.</summary>
    Allow,

    /// <summary>Something that is never paid.</summary>
    Deny,

    /// <summary>A host of a merchant or a category.</summary>
    Host,
}

/// <summary>A whole policy as subjects and what is said of them: <c>agents.me</c>: <c>day 1.00</c>. Agents carry what they take from their policy.</summary>
internal static class PolicyOutline
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Aspect>> Of(PolicySet policy)
    {
        var outline = new Dictionary<string, IReadOnlyList<Aspect>>(StringComparer.Ordinal)
        {
            ["file"] = [.. OfFile(policy)],
            ["organization"] = [.. Limits(policy.OrganizationLimits)],
        };
        foreach (var merchant in policy.Merchants)
        {
            outline.Add(merchant.Words, [.. OfMerchant(merchant)]);
        }

        foreach (var (name, hosts) in policy.Categories)
        {
            outline.Add("categories." + name, [.. hosts.Select(h => new Aspect(AspectKind.Host, h))]);
        }

        foreach (var (name, limits) in policy.Groups)
        {
            outline.Add("groups." + name, [.. Limits(limits), Setting("tags", Tags(policy.GroupTags[name]))]);
        }

        foreach (var agent in policy.Agents.Rules)
        {
            outline.Add(agent.Words, [.. OfAgent(agent), Setting("tokens declared", Number(policy.TokenHashes.Count(t => t.Agent.Value == agent.Pattern.ToString())))]);
        }

        return outline;
    }

    /// <summary><c>day</c>, <c>day for each merchant</c>, <c>day in category:search</c>.</summary>
    public static IEnumerable<Aspect> Limits(LimitSet limits) =>
    [
        .. limits.Own.Select(l => Limit(l.Key, l.Limit.ToString())),
        .. limits.Each.SelectMany(e => e.Limits.Select(l => Limit($"{l.Key} for each {e.By.ToString().ToLowerInvariant()}", l.Limit.ToString()))),
        .. limits.In.SelectMany(n => n.Limits.Select(l => Limit($"{l.Key} in {n.Selector}", l.Limit.ToString()))),
    ];

    private static IEnumerable<Aspect> OfFile(PolicySet policy) =>
    [
        Setting("timeZone", policy.ZoneId),
        Setting("networks", Networks(policy.Networks)),
        Setting("testNetworks", Networks(policy.TestNetworks)),
        Setting("pins", Truth(policy.Pins)),
        Setting("shadow", policy.Shadow ?? RuleWords.None),
        .. policy.DeclaredTokens.Select(t => Setting($"token {t.Address} on {NetworkNames.ShortNameOf(t.Chain)}", $"{t.Symbol}, `{t.DomainName}` version `{t.DomainVersion}`, {Number(t.Decimals)} decimals, {t.UsdPerToken} USD")),
    ];

    private static IEnumerable<Aspect> OfMerchant(MerchantRule merchant) =>
    [
        .. merchant.Hosts.Select(h => new Aspect(AspectKind.Host, h.ToString())),
        Setting("category", merchant.Category ?? "none"),
        Setting("recipients", merchant.Recipients.Text),
        Setting("networks", merchant.Networks?.Text ?? "all of the file"),
        Setting("allowCleartext", Truth(merchant.AllowCleartext)),
        Setting("payHead", Truth(merchant.PayHead)),
        Setting("payUpgrades", Truth(merchant.PayUpgrades)),
        Setting("validSeconds", Seconds(merchant.ValidSeconds)),
        Setting("priceDrift", RuleWords.Of(merchant.PriceDrift)),
        Setting("breaker", RuleWords.Of(merchant.Breaker)),
        Setting("upstream", merchant.Upstream is { } upstream ? upstream.Origin + upstream.BasePath : RuleWords.None),
        Setting("tags", Tags(merchant.Tags)),
        .. Limits(merchant.Limits),
    ];

    private static IEnumerable<Aspect> OfAgent(AgentRule agent) =>
    [
        .. agent.Allow.Texts.Select(t => new Aspect(AspectKind.Allow, t)),
        .. agent.Deny.Texts.Select(t => new Aspect(AspectKind.Deny, t)),
        .. Limits(agent.Limits),
        Setting("policy", agent.Policy ?? "none"),
        Setting("group", agent.Group ?? "none"),
        Setting("networks", agent.Networks.Text),
        Setting("assets", agent.Assets.Text),
        Setting("schemes", agent.Schemes.Text),
        Setting("recipients", agent.Recipients.Text),
        Setting("validSeconds", Seconds(agent.ValidSeconds)),
        Setting("egress", agent.Egress == EgressRule.ListedOnly ? "listed-only" : "any"),
        Setting("intercept", agent.Intercept == InterceptRule.All ? "all" : "payable"),
        Setting("webSockets", RuleWords.Of(agent.WebSockets)),
        Setting("wallet", agent.Wallet ?? "the only one"),
        Setting("approval", RuleWords.Of(agent.Guards.Approval)),
        Setting("schedule", agent.Schedule?.Text ?? "always"),
        Setting("priceDrift", RuleWords.Of(agent.Guards.PriceDrift)),
        Setting("loop", RuleWords.Of(agent.Guards.Loop)),
        Setting("breaker", RuleWords.Of(agent.Guards.Breaker)),
        Setting("tags", Tags(agent.Tags)),
    ];

    private static Aspect Limit(string name, string value) => new(AspectKind.Limit, name, value);

    private static Aspect Setting(string name, string value) => new(AspectKind.Setting, name, value);

    private static string Networks(IEnumerable<ChainId> networks) =>
        string.Join(", ", networks.Select(NetworkNames.ShortNameOf).Order(StringComparer.Ordinal)) is { Length: > 0 } text ? text : RuleWords.None;

    private static string Truth(bool value) => value ? "true" : "false";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(int? value) => value is { } seconds ? Number(seconds) : "default";

    private static string Tags(IReadOnlyDictionary<string, string> tags) =>
        tags.Count == 0 ? "none" : string.Join(", ", tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => $"{t.Key}={t.Value}"));
}
