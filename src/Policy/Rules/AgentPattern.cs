using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>A key of <c>agents</c>: a name, or a pattern with one <c>*</c> at its start or its end.</summary>
/// <param name="Text">The name, or what is left without the <c>*</c>.</param>
/// <param name="Kind">Where the <c>*</c> is.</param>
internal readonly record struct AgentPattern(string Text, AgentPatternKind Kind)
{
    public const string Expected = "an agent's name (" + AgentId.Expected + "), or a pattern with one `*` at its start or end, such as `r-*`";

    public const string Pattern = "^([a-z0-9][a-z0-9._-]{0,63}|[a-z0-9][a-z0-9._-]{0,62}\\*|\\*[a-z0-9._-]{1,63})$";

    /// <summary>A bare <c>*</c> is no pattern: it would let in every agent that anyone ever makes a token for.</summary>
    public static bool TryParse(string text, out AgentPattern pattern)
    {
        var kind = text.EndsWith('*') ? AgentPatternKind.Prefix : text.StartsWith('*') ? AgentPatternKind.Suffix : AgentPatternKind.Exact;
        var rest = kind switch
        {
            AgentPatternKind.Exact => text,
            AgentPatternKind.Prefix => text[..^1],
            AgentPatternKind.Suffix => text[1..],
        };
        pattern = new AgentPattern(rest, kind);
        var sample = kind == AgentPatternKind.Suffix ? "x" + rest : rest;
        return rest.Length > 0 && AgentId.TryParse(sample, out _);
    }

    public bool Matches(AgentId agent) => Kind switch
    {
        AgentPatternKind.Exact => agent.Value == Text,
        AgentPatternKind.Prefix => agent.Value.StartsWith(Text, StringComparison.Ordinal),
        AgentPatternKind.Suffix => agent.Value.EndsWith(Text, StringComparison.Ordinal),
    };

    /// <summary>Whether some name matches both patterns; an exact name overlaps nothing, for exact beats pattern.</summary>
    public bool Overlaps(AgentPattern other) => (Kind, other.Kind) switch
    {
        (AgentPatternKind.Exact, _) or (_, AgentPatternKind.Exact) => false,
        (AgentPatternKind.Prefix, AgentPatternKind.Prefix) => Starts(Text, other.Text) || Starts(other.Text, Text),
        (AgentPatternKind.Suffix, AgentPatternKind.Suffix) => Ends(Text, other.Text) || Ends(other.Text, Text),
        _ => true,
    };

    public override string ToString() => Kind switch
    {
        AgentPatternKind.Exact => Text,
        AgentPatternKind.Prefix => Text + "*",
        AgentPatternKind.Suffix => "*" + Text,
    };

    private static bool Starts(string text, string with) => text.StartsWith(with, StringComparison.Ordinal);

    private static bool Ends(string text, string with) => text.EndsWith(with, StringComparison.Ordinal);
}

internal enum AgentPatternKind
{
    Exact,
    Prefix,
    Suffix,
}
