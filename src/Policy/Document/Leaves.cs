using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>Every kind of leaf in a policy file.</summary>
internal static class Leaves
{
    private const long SecondsPerDay = 86_400;

    public static readonly Leaf<string> Text = new("text of at most 256 characters", IsText);

    public static readonly Leaf<string> Name = new($"a name ({Names.Expected})", IsName) { Pattern = Names.Pattern };

    public static readonly Leaf<bool> Flag = new("`true` or `false`", bool.TryParse, JsonTokenType.True);

    public static readonly Leaf<int> ValidSeconds = Whole("seconds", 10, 3600);

    public static readonly Leaf<int> Count = Whole("payments", 0, 1_000_000_000);

    public static readonly Leaf<int> Times = Whole("payments", 1, 1000);

    public static readonly Leaf<int> Failures = Whole("payments", 1, 100);

    public static readonly Leaf<int> Decimals = Whole("decimals", 0, 36);

    public static readonly Leaf<Usd> Dollars =
        new("dollars as text, such as `\"0.05\"` (at most 6 digits after the point)", Usd.TryParse) { Pattern = "^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$" };

    public static readonly Leaf<HostPattern> Host =
        new("a host without scheme or path, such as `\"api.exa.ai\"`, `\"*.papers.example\"` or `\"api.exa.ai:8443\"`", HostPattern.TryParse) { Pattern = "^[^/@?#\\s]{1,262}$" };

    public static readonly Leaf<Selector> Selector =
        new("a merchant's name, an endpoint such as `exa POST /search*`, `category:NAME`, a host (exact, or one leading `*.`) or `*`", Rules.Selector.TryParse) { Pattern = Rules.Selector.SchemaPattern };

    public static readonly Leaf<EvmAddress> Recipient =
        new("a full address (`0x` and 40 hex digits; mixed case needs a correct checksum)", EvmAddress.TryParse) { Pattern = "^0x[0-9a-fA-F]{40}$" };

    public static readonly Leaf<EvmAddress> Contract = Recipient with { Expected = "a token contract's full address (`0x` and 40 hex digits; mixed case needs a correct checksum)" };

    public static readonly Leaf<RecipientChoice> RecipientWord = Word("`\"pin\"`, `\"any\"` or a list of full addresses", ("pin", RecipientChoice.Pin), ("any", RecipientChoice.Any));

    public static readonly Leaf<EgressRule> Egress = Word("`\"any\"` or `\"listed-only\"`", ("any", EgressRule.Any), ("listed-only", EgressRule.ListedOnly));

    public static readonly Leaf<InterceptRule> Intercept = Word("`\"payable\"` or `\"all\"`", ("payable", InterceptRule.Payable), ("all", InterceptRule.All));

    public static readonly Leaf<WebSocketRule> WebSockets =
        Word("`\"any\"`, `\"listed\"` or `\"none\"`", ("any", WebSocketRule.Any), ("listed", WebSocketRule.Listed), ("none", WebSocketRule.None));

    public static readonly Leaf<string> Scheme = Word("`\"exact\"`, the one scheme that is signed", ("exact", "exact"));

    public static readonly Leaf<string> Network =
        new("a network's short name, such as `\"base\"`, or its CAIP-2 id, such as `\"eip155:8453\"`", IsText) { Pattern = "^[a-z0-9-]+(:[0-9]+)?$" };

    public static readonly Leaf<string> Symbol = new("a token's symbol, such as `\"USDC\"`", IsText);

    public static readonly Leaf<string> TokenSymbol = new("a symbol: 1 to 32 letters, digits, `.`, `-`, `_`, such as `\"USDC\"`", IsTokenSymbol) { Pattern = "^[A-Za-z0-9._-]{1,32}$" };

    public static readonly Leaf<int> Percent =
        new("a percentage as text, `\"0%\"` to `\"10000%\"`, such as `\"50%\"`", IsPercent) { Pattern = "^(0|[1-9][0-9]{0,4})%$" };

    public static readonly Leaf<ScheduleSpan> Span = new(ScheduleSpan.Expected, ScheduleSpan.TryParse) { Pattern = ScheduleSpan.Pattern };

    public static readonly Leaf<string> FileName =
        new("the name of a file beside this one, such as `\"candidate.json\"`, without a folder", IsFileName) { Pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$" };

    public static readonly Leaf<Upstream> BaseUrl =
        new("a base URL, such as `\"https://api.exa.ai\"` or `\"https://api.exa.ai/v1\"`, without query", IsBaseUrl) { Pattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^@?#\\s]{1,500}$" };

    public static readonly Leaf<AgentPattern> Agent = new(AgentPattern.Expected, AgentPattern.TryParse) { Pattern = AgentPattern.Pattern };

    public static readonly Leaf<TimeZoneInfo> Zone =
        new("a time zone of the IANA list, such as `\"Europe/Berlin\"`", static (string id, [MaybeNullWhen(false)] out TimeZoneInfo zone) => TimeZoneInfo.TryFindSystemTimeZoneById(id, out zone));

    public static readonly Leaf<Bytes32> TokenHash =
        new("`sha256:` and 64 hex digits, the SHA-256 of a token", IsTokenHash) { Pattern = "^sha256:[0-9a-fA-F]{64}$" };

    /// <summary>A key of <c>limits</c> that is a rolling duration.</summary>
    public static readonly Leaf<TimeSpan> Duration =
        Length("a rolling duration of at most 366 days, such as `1h`, `24h`, `30d`, `90s` or `15m`", 1, 366 * SecondsPerDay);

    public static readonly Leaf<TimeSpan> Hold = Length("a time of at most 5 minutes, such as `\"30s\"`, or `\"0s\"`", 0, 300);

    public static readonly Leaf<TimeSpan> Expires = Length("a time of 1 minute to 7 days, such as `\"1h\"`", 60, 7 * SecondsPerDay);

    public static readonly Leaf<TimeSpan> Within = Length("a time of at most 1 day, such as `\"1m\"`", 1, SecondsPerDay);

    public static readonly Leaf<TimeSpan> Pause = Length("a time of at most 7 days, such as `\"15m\"`", 1, 7 * SecondsPerDay);

    private static Leaf<int> Whole(string of, int least, int most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"whole {of}, {least} to {most}"), (string text, out int value) => IsWhole(text, out value) && value >= least && value <= most, JsonTokenType.Number)
        {
            Range = (least, most),
        };

    private static Leaf<TimeSpan> Length(string expected, long leastSeconds, long mostSeconds) =>
        new(expected, (string text, out TimeSpan length) => IsDuration(text, out length) && length.Ticks >= leastSeconds * TimeSpan.TicksPerSecond && length.Ticks <= mostSeconds * TimeSpan.TicksPerSecond)
        {
            Pattern = leastSeconds == 0 ? "^(0|[1-9][0-9]{0,7})[smhd]$" : "^[1-9][0-9]{0,7}[smhd]$",
        };

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

    private static bool IsWhole(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && (text.Length == 1 || text[0] != '0');

    private static bool IsTokenSymbol(string text, out string value)
    {
        value = text;
        return text.Length is > 0 and <= 32 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
    }

    private static bool IsPercent(string text, out int value)
    {
        value = 0;
        return text.EndsWith('%') && IsWhole(text.AsSpan(0, text.Length - 1), out value) && value <= 10_000;
    }

    // No leading dot: neither a hidden file nor the folder above.
    private static bool IsFileName(string text, out string value)
    {
        value = text;
        return text.Length is > 0 and <= 128 && text[0] != '.' && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
    }

    private static bool IsBaseUrl(string text, out Upstream value)
    {
        value = default;
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var slash = scheme < 0 ? -1 : text.IndexOf('/', scheme + 3);
        var path = slash < 0 ? "" : text[slash..];
        var isPath = path is "" or "/" || (path.All(c => c is > ' ' and < (char)127 and not ('?' or '#')) && RequestPath.Normalise(path) == path);
        if (!isPath || !Origin.TryParse(slash < 0 ? text : text[..slash], out var origin))
        {
            return false;
        }

        value = new Upstream(origin, path.TrimEnd('/'));
        return true;
    }

    private static bool IsTokenHash(string text, out Bytes32 hash)
    {
        const string prefix = "sha256:";
        hash = default;
        return text.StartsWith(prefix, StringComparison.Ordinal) && Bytes32.TryParse("0x" + text[prefix.Length..], out hash);
    }

    private static bool IsDuration(string text, out TimeSpan length)
    {
        length = default;
        if (text.Length is < 2 or > 9 || !IsWhole(text.AsSpan(0, text.Length - 1), out var count))
        {
            return false;
        }

        var unit = text[^1] switch { 's' => 1L, 'm' => 60, 'h' => 3600, 'd' => SecondsPerDay, _ => 0 };
        length = TimeSpan.FromSeconds(count * unit);
        return unit > 0;
    }
}
