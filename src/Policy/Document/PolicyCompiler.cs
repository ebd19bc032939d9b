using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>Turns a checked document into rules: every agent with everything it takes from its policy and from the file.</summary>
internal sealed class PolicyCompiler(PolicyDocument file)
{
    public const string DefaultAsset = "USDC";
    public const string DefaultScheme = "exact";

    private static readonly IReadOnlyDictionary<string, string> NoTags = new Dictionary<string, string>();

    private readonly Dictionary<string, GroupEntry> _groups = file.Groups.ToDictionary(g => g.Name);
    private readonly Dictionary<string, PolicyEntry> _policies = file.Policies.ToDictionary(p => p.Name);

    public (AgentMap Agents, HostMap Hosts, IReadOnlyList<MerchantRule> Merchants) Compile()
    {
        var merchants = file.Merchants.Select(CompileMerchant).ToList();
        var hosts = new HostMap(
            new HostIndex<MerchantRule>(merchants.SelectMany(m => m.Hosts.Select(h => (h, m)))),
            new HostIndex<string>(file.Categories.SelectMany(c => c.Hosts.Select(h => (h.Value, c.Name)))));
        return (new AgentMap([.. file.Agents.Select(CompileAgent)]), hosts, merchants);
    }

    public static LimitSet CompileLimits(LimitsEntry? limits) => limits is null
        ? LimitSet.None
        : new LimitSet(Rules(limits.Own), [.. limits.Each.Select(e => new EachLimits(e.By, e.At.Path, Rules(e.Limits)))], [.. limits.In.Select(n => new NarrowLimits(n.Selector, Rules(n.Limits)))]);

    private MerchantRule CompileMerchant(MerchantEntry merchant) => new(
        merchant.Name,
        merchant.Category?.Value,
        Recipients(merchant.Recipients, $"merchants.{merchant.Name}.recipients"),
        merchant.Networks is { } networks ? Named(networks, "", NetworkNames.ShortNameOf) : null,
        merchant.AllowCleartext,
        merchant.PayHead,
        merchant.PayUpgrades,
        merchant.ValidSeconds,
        CompileLimits(merchant.Limits),
        Tags(merchant.Tags),
        [.. merchant.Hosts.Select(h => h.Value)],
        Drift(merchant.PriceDrift),
        merchant.Breaker,
        merchant.Upstream?.Value);

    // The agent's own members replace those of its policy; limits merge key by key; deny adds.
    private AgentRule CompileAgent(AgentEntry agent)
    {
        var own = agent.Members;
        var policy = agent.Policy is { } name ? _policies[name.Value] : null;
        var under = policy?.Members;
        var group = (own.Group ?? under?.Group)?.Value;
        var allow = own.Allow ?? under?.Allow;
        return new AgentRule(
            agent.Pattern,
            policy?.Name,
            group,
            allow is null ? SelectorSet.Nothing : new SelectorSet(allow),
            new SelectorSet([.. under?.Deny ?? [], .. own.Deny ?? []]),
            Named(own.Networks ?? under?.Networks ?? file.Networks ?? [], "networks", NetworkNames.ShortNameOf),
            Named(own.Assets ?? under?.Assets ?? file.Assets ?? [new(DefaultAsset, file.At with { Path = "assets" })], "assets", static symbol => symbol),
            Named(own.Schemes ?? under?.Schemes ?? file.Schemes ?? [new(DefaultScheme, file.At with { Path = "schemes" })], "schemes", static scheme => scheme),
            Recipients(own.Recipients ?? under?.Recipients, $"{agent.At.Path}.recipients"),
            CompileLimits(under?.Limits).MergedWith(CompileLimits(own.Limits)),
            own.ValidSeconds ?? under?.ValidSeconds,
            own.Egress ?? under?.Egress ?? EgressRule.Any,
            own.Intercept ?? under?.Intercept ?? InterceptRule.Payable,
            (own.Wallet ?? under?.Wallet ?? file.Wallet)?.Value,
            Tags(group is null ? null : _groups[group].Tags, under?.Tags, own.Tags),
            own.Schedule ?? under?.Schedule,
            new GuardSet(
                (own.Approval ?? under?.Approval)?.Value,
                Drift(own.PriceDrift ?? under?.PriceDrift),
                own.Loop ?? under?.Loop,
                own.Breaker ?? under?.Breaker))
        {
            AllowWords = (allow == own.Allow && allow is not null) || policy is null ? $"{agent.At.Path}.allow" : $"{policy.At.Path}.allow",
        };
    }

    private static PriceDriftGuard? Drift(Located<int>? drift) => drift is { } percent ? new PriceDriftGuard(percent.At.Path, percent.Value) : null;

    private RecipientSet Recipients(RecipientsEntry? recipients, string words) => recipients?.Choice switch
    {
        RecipientChoice.Listed => new RecipientSet(recipients.At.Path, RecipientRule.Listed, [.. recipients.Listed.Select(l => l.Value)]),
        RecipientChoice.Any => new RecipientSet(recipients.At.Path, RecipientRule.Any, []),
        RecipientChoice.Pin => new RecipientSet(recipients.At.Path, RecipientRule.Pin, []),
        null => file.Pins ? new RecipientSet(words, RecipientRule.Pin, []) : new RecipientSet(words, RecipientRule.Listed, []),
    };

    private static NamedSet<T> Named<T>(IReadOnlyList<Located<T>> items, string words, Func<T, string> show) => new(
        items.Count == 0 ? words : ListPath(items[0].At.Path),
        [.. items.Select(i => i.Value)],
        string.Join(", ", items.Select(i => show(i.Value)).Order(StringComparer.Ordinal)));

    // The list's own path, from that of its first item.
    private static string ListPath(string item) => item.EndsWith(']') ? item[..item.LastIndexOf('[')] : item;

    private static List<LimitRule> Rules(IReadOnlyList<LimitEntry> limits) =>
        [.. limits.Select(l => new LimitRule(l.At.Path, l.Key, l.Window, l.Limit))];

    // The most particular one wins.
    public static IReadOnlyDictionary<string, string> Tags(params ReadOnlySpan<TagsEntry?> entries)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            foreach (var (key, value) in entry?.Tags ?? [])
            {
                tags[key] = value;
            }
        }

        return tags.Count == 0 ? NoTags : tags;
    }
}
