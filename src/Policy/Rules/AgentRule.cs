using SmartProxy.Policy.Document;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>An entry of <c>agents</c> with everything it takes from its policy and from the file.</summary>
internal sealed record AgentRule(
    AgentPattern Pattern,
    string? Policy,
    string? Group,
    SelectorSet Allow,
    SelectorSet Deny,
    NamedSet<ChainId> Networks,
    NamedSet<string> Assets,
    NamedSet<string> Schemes,
    RecipientSet Recipients,
    LimitSet Limits,
    int? ValidSeconds,
    EgressRule Egress,
    InterceptRule Intercept,
    WebSocketRule WebSockets,
    string? Wallet,
    IReadOnlyDictionary<string, string> Tags,
    ScheduleRule? Schedule,
    GuardSet Guards)
{
    /// <summary>Its words: <c>agents.me</c>.</summary>
    public string Words { get; } = $"agents.{Pattern}";

    /// <summary>Where its <c>allow</c> was written, or would be.</summary>
    public required string AllowWords { get; init; }

    /// <summary>For traces: <c>policy research</c>, or null.</summary>
    public string? PolicyText { get; } = Policy is null ? null : $"policy {Policy}";

    /// <summary>For traces.</summary>
    public string DenyWords { get; } = $"agents.{Pattern}.deny";
}

/// <summary>Finds an agent's entry: the exact name, else the one pattern that matches.</summary>
internal sealed class AgentMap
{
    private readonly Dictionary<string, AgentRule> _exact = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AgentRule> _prefixes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AgentRule> _suffixes = new(StringComparer.Ordinal);

    /// <param name="rules">Patterns do not overlap; the compiler sees to it.</param>
    public AgentMap(IReadOnlyList<AgentRule> rules)
    {
        Rules = rules;
        foreach (var rule in rules)
        {
            var index = rule.Pattern.Kind switch
            {
                AgentPatternKind.Exact => _exact,
                AgentPatternKind.Prefix => _prefixes,
                AgentPatternKind.Suffix => _suffixes,
            };
            index.Add(rule.Pattern.Text, rule);
        }
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<AgentRule> Rules { get; }

    public AgentRule? Find(AgentId agent)
    {
        if (_exact.TryGetValue(agent.Value, out var exact))
        {
            return exact;
        }

        return FindPrefix(agent.Value) ?? FindSuffix(agent.Value);
    }

    private AgentRule? FindPrefix(string name)
    {
        var lookup = _prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var length = _prefixes.Count == 0 ? 0 : name.Length; length > 0; length--)
        {
            if (lookup.TryGetValue(name.AsSpan(0, length), out var rule))
            {
                return rule;
            }
        }

        return null;
    }

    private AgentRule? FindSuffix(string name)
    {
        var lookup = _suffixes.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var start = _suffixes.Count == 0 ? name.Length : 0; start < name.Length; start++)
        {
            if (lookup.TryGetValue(name.AsSpan(start), out var rule))
            {
                return rule;
            }
        }

        return null;
    }
}
