using System.Collections.Concurrent;
using SmartProxy.Policy.Document;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>A whole policy, compiled and immutable. Two of them are the same policy when their hashes are equal.</summary>
public sealed class PolicySet
{
    // Agents are named by whoever makes tokens; beyond this many the pot is built each time.
    private const int MaxKnownAgents = 10_000;

    private readonly ConcurrentDictionary<AgentId, Pot> _agentPots = [];
    private readonly Dictionary<string, Pot> _groupPots;
    private readonly Dictionary<string, Pot> _merchantPots;
    private readonly IReadOnlyList<(AgentId, Bytes32)> _tokenHashes;

    internal PolicySet(Bytes32 hash, string text, PolicyDocument file, AssetRegistry registry)
    {
        (Hash, Text, Registry) = (hash, text, registry);
        (Agents, Hosts, Merchants) = new PolicyCompiler(file).Compile();
        Groups = [.. file.Groups.Select(g => (g.Name, PolicyCompiler.CompileLimits(g.Limits)))];
        GroupTags = file.Groups.ToDictionary(g => g.Name, g => PolicyCompiler.Tags(g.Tags));
        OrganizationLimits = PolicyCompiler.CompileLimits(file.Organization?.Limits);
        Categories = [.. file.Categories.Select(c => (c.Name, c.Hosts.Select(h => h.Value.ToString()).ToArray()))];

        Scopes = new SpendScopes(Hosts, registry);
        OrganizationPot = Pot.OfOrganization(OrganizationLimits, Scopes);
        _groupPots = Groups.ToDictionary(g => g.Name, g => Pot.OfGroup(g.Name, agent => Agents.Find(agent)?.Group, g.Limits, Scopes));
        _merchantPots = Merchants.ToDictionary(m => m.Name, m => Pot.OfMerchant(m.Name, m.Limits, Scopes));
        _tokenHashes = [.. file.Agents.SelectMany(a => a.TokenHashes.Select(t => (new AgentId(a.Pattern.Text), t.Value)))];
        Networks = [.. (file.Networks ?? []).Select(n => n.Value)];
        IsTest = Networks.All(registry.IsTestNetwork);
        ZoneId = file.Zone.Id;
        Pins = file.Pins;
        Shadow = file.Shadow;
        DeclaredTokens = [.. file.Tokens.Select(t => t.Asset)];
        TestNetworks = [.. file.TestNetworks.Select(n => n.Value)];
    }

    /// <summary>SHA-256 of the file's bytes and the asset registry's hash.</summary>
    public Bytes32 Hash { get; }

    /// <summary>The file as it was read.</summary>
    public string Text { get; }

    /// <summary>Every network that may be paid on.</summary>
    public IReadOnlyList<ChainId> Networks { get; }

    /// <summary>Whether all networks are test networks; a file never mixes them.</summary>
    public bool IsTest { get; }

    /// <summary>Tokens that the file declares, by the SHA-256 of the whole token.</summary>
    public IReadOnlyList<(AgentId Agent, Bytes32 Hash)> TokenHashes => _tokenHashes;

    /// <summary>The registry of networks and tokens, with those that the file adds.</summary>
    public AssetRegistry Registry { get; }

    /// <summary>The file name of the policy beside this one that is evaluated and not obeyed, or null.</summary>
    public string? Shadow { get; }

    /// <summary>Where the merchant of this name is reached by its name alone; null where the file says no <c>upstream</c>.</summary>
    public Upstream? UpstreamOf(string merchant) => Merchants.FirstOrDefault(m => m.Name == merchant)?.Upstream;

    /// <summary>Every wallet that the file names.</summary>
    public IReadOnlyList<string> Wallets => [.. Agents.Rules.Select(a => a.Wallet).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Whether the file has an entry for this agent, by name or by pattern.</summary>
    public bool Knows(AgentId agent) => Agents.Find(agent) is not null;

    /// <summary>The lines that every payment of this agent draws on: its own, its group's, the organization's. Those of merchants and categories are left out.</summary>
    public IReadOnlyList<BudgetLine> LinesOf(AgentId agent)
    {
        if (Agents.Find(agent) is not { } rule)
        {
            return [];
        }

        return [.. AgentPot(agent, rule).OwnLines, .. GroupPot(rule)?.OwnLines ?? [], .. OrganizationPot.OwnLines];
    }

    internal SpendScopes Scopes { get; }

    internal AgentMap Agents { get; }

    internal HostMap Hosts { get; }

    internal IReadOnlyList<MerchantRule> Merchants { get; }

    internal IReadOnlyList<(string Name, LimitSet Limits)> Groups { get; }

    internal IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> GroupTags { get; }

    internal IReadOnlyList<(string Name, string[] Hosts)> Categories { get; }

    internal LimitSet OrganizationLimits { get; }

    internal string ZoneId { get; }

    internal bool Pins { get; }

    internal IReadOnlyList<Asset> DeclaredTokens { get; }

    internal IReadOnlyList<ChainId> TestNetworks { get; }

    internal Pot OrganizationPot { get; }

    internal Pot AgentPot(AgentId agent, AgentRule rule)
    {
        if (_agentPots.TryGetValue(agent, out var known))
        {
            return known;
        }

        var pot = Pot.OfAgent(agent, rule.Limits, Scopes);
        return _agentPots.Count < MaxKnownAgents ? _agentPots.GetOrAdd(agent, pot) : pot;
    }

    internal Pot? GroupPot(AgentRule rule) => rule.Group is { } group ? _groupPots[group] : null;

    internal Pot? MerchantPot(MerchantRule? merchant) => merchant is null ? null : _merchantPots[merchant.Name];
}
