using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>A value that has no members: how it is written, and what a person is told who wrote something else. The reader and the schema share it.</summary>
/// <param name="Expected">Completes <c>expected …</c>.</param>
/// <param name="Type">String, number or true (for both booleans).</param>
internal abstract record Leaf(string Expected, JsonTokenType Type)
{
    /// <summary>A regular expression for the schema; it may accept more than the reader does, never less.</summary>
    public string? Pattern { get; init; }

    /// <summary>The words to choose from, where there are few.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Bounds of a whole number.</summary>
    public (int Least, int Most)? Range { get; init; }

    protected bool IsType(Node node) => node is ScalarNode scalar && (Type == JsonTokenType.True ? scalar.Type is JsonTokenType.True or JsonTokenType.False : scalar.Type == Type);
}

internal delegate bool TryParse<T>(string text, [MaybeNullWhen(false)] out T value);

/// <inheritdoc cref="Leaf"/>
internal sealed record Leaf<T>(string Expected, TryParse<T> Parse, JsonTokenType Type = JsonTokenType.String) : Leaf(Expected, Type)
{
    public bool TryRead(Node node, ProblemList problems, [MaybeNullWhen(false)] out T value)
    {
        if (IsType(node) && Parse(((ScalarNode)node).Text, out value))
        {
            return true;
        }

        value = default;
        var guess = node is ScalarNode { Type: JsonTokenType.String } text ? Suggestion.For(text.Text, Choices) : "";
        problems.Add(node.At, $"expected {Expected}, found `{node.Shown}`{guess}");
        return false;
    }
}

/// <summary>Every kind of leaf in a policy file.</summary>
internal static class Leaves
{
    public static readonly Leaf<string> Text = new("text of at most 256 characters", IsText);

    public static readonly Leaf<string> Name = new($"a name ({Names.Expected})", IsName) { Pattern = Names.Pattern };

    public static readonly Leaf<bool> Flag = new("`true` or `false`", bool.TryParse, JsonTokenType.True);

    public static readonly Leaf<int> ValidSeconds =
        new("whole seconds, 10 to 3600", IsValidSeconds, JsonTokenType.Number) { Range = (10, 3600) };

    public static readonly Leaf<Usd> Dollars =
        new("dollars as text, such as `\"0.05\"` (at most 6 digits after the point)", Usd.TryParse) { Pattern = "^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$" };

    public static readonly Leaf<HostPattern> Host =
        new("a host without scheme or path, such as `\"api.exa.ai\"`, `\"*.papers.example\"` or `\"api.exa.ai:8443\"`", HostPattern.TryParse) { Pattern = "^[^/@?#\\s]{1,262}$" };

    public static readonly Leaf<Selector> Selector =
        new("a merchant's name, `category:NAME`, a host (exact, or one leading `*.`) or `*`", Rules.Selector.TryParse) { Pattern = "^[^/@?#\\s]{1,262}$" };

    public static readonly Leaf<EvmAddress> Recipient =
        new("a full address (`0x` and 40 hex digits; mixed case needs a correct checksum)", EvmAddress.TryParse) { Pattern = "^0x[0-9a-fA-F]{40}$" };

    public static readonly Leaf<RecipientChoice> RecipientWord = Word("`\"pin\"`, `\"any\"` or a list of full addresses", ("pin", RecipientChoice.Pin), ("any", RecipientChoice.Any));

    public static readonly Leaf<EgressRule> Egress = Word("`\"any\"` or `\"listed-only\"`", ("any", EgressRule.Any), ("listed-only", EgressRule.ListedOnly));

    public static readonly Leaf<InterceptRule> Intercept = Word("`\"payable\"` or `\"all\"`", ("payable", InterceptRule.Payable), ("all", InterceptRule.All));

    public static readonly Leaf<string> Scheme = Word("`\"exact\"`, the one scheme that is signed", ("exact", "exact"));

    public static readonly Leaf<string> Network =
        new("a network's short name, such as `\"base\"`, or its CAIP-2 id, such as `\"eip155:8453\"`", IsText) { Pattern = "^[a-z0-9-]+(:[0-9]+)?$" };

    public static readonly Leaf<string> Symbol = new("a token's symbol, such as `\"USDC\"`", IsText);

    public static readonly Leaf<AgentPattern> Agent = new(AgentPattern.Expected, AgentPattern.TryParse) { Pattern = AgentPattern.Pattern };

    public static readonly Leaf<TimeZoneInfo> Zone =
        new("a time zone of the IANA list, such as `\"Europe/Berlin\"`", static (string id, [MaybeNullWhen(false)] out TimeZoneInfo zone) => TimeZoneInfo.TryFindSystemTimeZoneById(id, out zone));

    public static readonly Leaf<Bytes32> TokenHash =
        new("`sha256:` and 64 hex digits, the SHA-256 of a token", IsTokenHash) { Pattern = "^sha256:[0-9a-fA-F]{64}$" };

    /// <summary>A key of <c>limits</c> that is a rolling duration.</summary>
    public static readonly Leaf<TimeSpan> Duration =
        new("a rolling duration of at most 366 days, such as `1h`, `24h`, `30d`, `90s` or `15m`", IsDuration) { Pattern = "^[1-9][0-9]{0,7}[smhd]$" };

    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(366);

    private static Leaf<T> Word<T>(string expected, params (string Word, T Value)[] words) =>
        new(expected, (string text, [MaybeNullWhen(false)] out T value) =>
        {
            var index = Array.FindIndex(words, w => w.Word == text);
            value = index < 0 ? default : words[index].Value;
            return index >= 0;
        })
        {
            Choices = [.. words.Select(w => w.Word)],
        };

    private static bool IsText(string text, out string value)
    {
        value = text;
        return text.Length is > 0 and <= 256 && !text.Any(char.IsControl);
    }

    private static bool IsName(string text, out string value)
    {
        value = text;
        return Names.IsName(text);
    }

    private static bool IsValidSeconds(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value is >= 10 and <= 3600;

    private static bool IsTokenHash(string text, out Bytes32 hash)
    {
        const string prefix = "sha256:";
        hash = default;
        return text.StartsWith(prefix, StringComparison.Ordinal) && Bytes32.TryParse("0x" + text[prefix.Length..], out hash);
    }

    private static bool IsDuration(string text, out TimeSpan length)
    {
        length = default;
        if (text.Length is < 2 or > 9 || text[0] is '0' || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        var unit = text[^1] switch { 's' => 1L, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 };
        length = TimeSpan.FromSeconds(count * unit);
        return unit > 0 && length <= LongestDuration;
    }
}
