using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Targets;

/// <summary>
/// The entry for clients that can set a base URL but neither a proxy nor a CA: <c>/u/MERCHANT/…</c> on our own address stands for the merchant's
/// <c>upstream</c>. From there on it is a request like any other: the same guard, the same table of headers, the same payment.
/// </summary>
/// <param name="Merchant">The merchant's name in the policy.</param>
/// <param name="Origin">Where its upstream is.</param>
/// <param name="BasePath">What every path there starts with: empty, or <c>/v1</c> without a slash at its end.</param>
internal sealed record NamedUpstream(string Merchant, Origin Origin, string BasePath)
{
    private const string Prefix = "/u/";

    /// <summary>Splits <c>/u/exa/search?q=1</c> into <c>exa</c> and <c>/search?q=1</c>; the rest is kept byte for byte. Nothing after the name means <c>/</c>.</summary>
    public static bool TrySplit(string rawTarget, out string merchant, out string rest)
    {
        (merchant, rest) = ("", "");
        if (!rawTarget.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var end = rawTarget.AsSpan(Prefix.Length).IndexOfAny('/', '?');
        (merchant, rest) = end < 0 ? (rawTarget[Prefix.Length..], "") : (rawTarget.Substring(Prefix.Length, end), rawTarget[(Prefix.Length + end)..]);
        return true;
    }

    /// <summary>The target at the upstream.</summary>
    public string TargetOf(string rest) => BasePath + (rest is "" or ['?', ..] ? "/" + rest : rest);

    /// <summary>
    /// A <c>Location</c> as the client must see it (RFC 9110 10.2.2): what lies below the upstream is reached through us again; what lies elsewhere is
    /// named in full, or it would be looked for on our own address.
    /// </summary>
    public string LocationFor(string location)
    {
        var origin = Origin.ToString();
        var isOurs = location.StartsWith(origin, StringComparison.OrdinalIgnoreCase) && (location.Length == origin.Length || location[origin.Length] is '/' or '?' or '#');
        var path = isOurs ? location[origin.Length..] : location;
        if (!isOurs && (!path.StartsWith('/') || path.StartsWith("//", StringComparison.Ordinal)))
        {
            return location;
        }

        var isBelow = path.StartsWith(BasePath, StringComparison.Ordinal) && (path.Length == BasePath.Length || path[BasePath.Length] is '/' or '?' or '#');
        return isBelow ? Prefix + Merchant + path[BasePath.Length..] : origin + path;
    }
}
