using System.Buffers;
using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;

namespace SmartProxy.Forwarding.Headers;

/// <summary>What a rule says of a header.</summary>
[Flags]
internal enum HeaderRule
{
    /// <summary>It travels as it is.</summary>
    None = 0,

    /// <summary>It does not travel from an agent to an origin.</summary>
    NotToOrigin = 1,

    /// <summary>It does not travel from an origin to an agent.</summary>
    NotToAgent = 2,

    /// <summary>It belongs to one connection.</summary>
    Dropped = NotToOrigin | NotToAgent,

    /// <summary>It is meant for the other end: a <c>Connection</c> that nominates it would hide it on the way, and spoils the message.</summary>
    EndToEnd = 4,
}

/// <summary>
/// The one table of header rules, in both directions and for every way in (RFC 9110 7.6, RFC 9113 8.2). What is neither named here nor nominated
/// by <c>Connection</c> travels unchanged. What makes a whole message unfit is <see cref="MessageFaults"/>.
/// </summary>
internal static class HeaderRules
{
    public const string OwnPrefix = "Smart-Proxy-";

    /// <summary>Names that begin so never travel: credentials for us, what intermediaries tell each other, and our own words, which nobody may forge.</summary>
    private static readonly string[] DroppedPrefixes = ["Proxy-", OwnPrefix];

    private static readonly FrozenDictionary<string, HeaderRule> Table = new Dictionary<string, HeaderRule>
    {
        // One connection's own (RFC 9110 7.6.1). Framing is made anew on each side; TE is sent anew where trailers can be passed on.
        ["Connection"] = HeaderRule.Dropped,
        ["Keep-Alive"] = HeaderRule.Dropped,
        ["Close"] = HeaderRule.Dropped,
        ["TE"] = HeaderRule.Dropped,
        ["Transfer-Encoding"] = HeaderRule.Dropped | HeaderRule.EndToEnd,
        ["Upgrade"] = HeaderRule.Dropped,
        ["HTTP2-Settings"] = HeaderRule.Dropped,

        // Ways around the proxy (RFC 7838).
        ["Alt-Svc"] = HeaderRule.Dropped,
        ["Alt-Used"] = HeaderRule.Dropped,

        // Written by us towards the origin. Trailers of requests can't be sent on and are not announced.
        ["Host"] = HeaderRule.NotToOrigin | HeaderRule.EndToEnd,
        ["Content-Length"] = HeaderRule.NotToOrigin | HeaderRule.EndToEnd,
        ["Trailer"] = HeaderRule.NotToOrigin,

        // Essentials: without them a message says something else, or says it to somebody else.
        ["Content-Type"] = HeaderRule.EndToEnd,
        ["Content-Encoding"] = HeaderRule.EndToEnd,
        ["Content-Range"] = HeaderRule.EndToEnd,
        ["Range"] = HeaderRule.EndToEnd,
        ["Expect"] = HeaderRule.EndToEnd,
        ["Cache-Control"] = HeaderRule.EndToEnd,
        ["Authorization"] = HeaderRule.EndToEnd,
        ["WWW-Authenticate"] = HeaderRule.EndToEnd,
        ["Cookie"] = HeaderRule.EndToEnd,
        ["Set-Cookie"] = HeaderRule.EndToEnd,
        ["Location"] = HeaderRule.EndToEnd,
        ["Via"] = HeaderRule.EndToEnd,
        ["Idempotency-Key"] = HeaderRule.EndToEnd,
        ["X-PAYMENT"] = HeaderRule.EndToEnd,
        ["X-PAYMENT-RESPONSE"] = HeaderRule.EndToEnd,
        ["PAYMENT-SIGNATURE"] = HeaderRule.EndToEnd,
        ["PAYMENT-REQUIRED"] = HeaderRule.EndToEnd,
        ["PAYMENT-RESPONSE"] = HeaderRule.EndToEnd,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> ControlCharacters = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Where(c => c != '\t').Select(c => (char)c), '\x7f']);

    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenCharacters);

    public static bool HasControls(ReadOnlySpan<char> text) => text.ContainsAny(ControlCharacters);

    /// <summary>Whether a header carries a payment: a bearer instrument.</summary>
    public static bool IsPayment(string name) =>
        (name.Length == 17 && name.Equals("PAYMENT-SIGNATURE", StringComparison.OrdinalIgnoreCase))
        || (name.Length == 9 && name.Equals("X-PAYMENT", StringComparison.OrdinalIgnoreCase));

    public static bool TravelsToOrigin(string name) => Travels(name, HeaderRule.NotToOrigin);

    public static bool TravelsToAgent(string name) => Travels(name, HeaderRule.NotToAgent);

    /// <summary>Whether a name must not be nominated by <c>Connection</c>.</summary>
    public static bool IsEndToEnd(string name) => RuleOf(name).HasFlag(HeaderRule.EndToEnd);

    /// <summary>The names that a <c>Connection</c> header makes hop-by-hop; null when there are none beyond the usual.</summary>
    public static List<string>? Nominated(StringValues connection)
    {
        List<string>? names = null;
        foreach (var line in connection)
        {
            foreach (var range in line.AsSpan().Split(','))
            {
                var name = line.AsSpan(range).Trim();
                var isUsual = name.IsEmpty
                    || name.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)
                    || name.Equals("close", StringComparison.OrdinalIgnoreCase)
                    || name.Equals("upgrade", StringComparison.OrdinalIgnoreCase);
                if (!isUsual)
                {
                    (names ??= []).Add(name.ToString());
                }
            }
        }

        return names;
    }

    public static bool Contains(List<string>? names, string name) => names?.Contains(name, StringComparer.OrdinalIgnoreCase) == true;

    public static StringValues ToStringValues(in HeaderStringValues values) =>
        values.Count <= 1 ? values.ToString() : new StringValues([.. values]);

    private static HeaderRule RuleOf(string name) => Table.GetValueOrDefault(name);

    private static bool Travels(string name, HeaderRule not) =>
        (RuleOf(name) & not) == 0
        && name[0] != ':'
        && !name.StartsWith(DroppedPrefixes[0], StringComparison.OrdinalIgnoreCase)
        && !name.StartsWith(DroppedPrefixes[1], StringComparison.OrdinalIgnoreCase);
}
