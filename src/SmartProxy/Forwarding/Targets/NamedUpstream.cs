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
    /// A reference, such as a <c>Location</c>, as the client must see it (RFC 9110 10.2.2): what lies below the upstream is reached through us again;
    /// what lies elsewhere is named in full, or it would be looked for on our own address. Steps upwards are taken here, where they end at the
    /// upstream; a backslash is the slash that some clients read in it.
    /// </summary>
    /// <param name="reference">The reference (RFC 3986 4.1).</param>
    /// <param name="target">The target at the upstream that it is relative to.</param>
    public string ReferenceFor(string reference, string target)
    {
        var end = reference.AsSpan().IndexOfAny('?', '#');
        var (path, rest) = end < 0 ? (reference, "") : (reference[..end], reference[end..]);
        path = path.Replace('\\', '/');
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            return ReferenceFor($"{Origin.Scheme}:{path}{rest}", target);
        }

        if (path.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && !path.AsSpan(0, colon).Contains('/'))
        {
            return TryTakeOrigin(ref path) ? (Below(path) ?? Origin + path) + rest : reference;
        }

        if (path.Length == 0)
        {
            return rest.StartsWith('?') ? ReferenceFor(target.Split('?')[0] + rest, target) : reference;
        }

        path = WithoutDots(path[0] == '/' ? path : DirectoryOf(target) + path);
        return (Below(path) ?? Origin + path) + rest;
    }

    /// <summary>The path of a cookie as the client must see it; null for one that no request through us could match.</summary>
    public string? CookiePathFor(string path)
    {
        path = WithoutDots(path);
        return (BasePath + "/").StartsWith(path.TrimEnd('/') + "/", StringComparison.Ordinal) ? Prefix + Merchant : Below(path);
    }

    private string? Below(string path) =>
        path.StartsWith(BasePath, StringComparison.Ordinal) && (path.Length == BasePath.Length || path[BasePath.Length] == '/')
            ? Prefix + Merchant + path[BasePath.Length..]
            : null;

    // From an absolute address at the upstream its path stays.
    private bool TryTakeOrigin(ref string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + "://".Length;
        var slash = url.IndexOf('/', start);
        var origin = slash < 0 ? url : url[..slash];
        if (!Origin.TryParse(origin, out var named) || named != Origin)
        {
            return false;
        }

        url = WithoutDots(slash < 0 ? "/" : url[slash..]);
        return true;
    }

    private static string DirectoryOf(string target)
    {
        var path = target.Split('?')[0];
        return path[..(path.LastIndexOf('/') + 1)];
    }

    // RFC 3986 5.2.4, with encoded dots, which clients read as dots.
    private static string WithoutDots(string path)
    {
        var kept = new List<string>();
        var segment = "";
        foreach (var original in path.Split('/')[1..])
        {
            segment = original.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase);
            if (segment == "..")
            {
                kept.RemoveRange(Math.Max(0, kept.Count - 1), Math.Min(1, kept.Count));
            }
            else if (segment != ".")
            {
                kept.Add(original);
            }
        }

        return "/" + string.Join('/', kept) + (segment is "." or ".." && kept.Count > 0 ? "/" : "");
    }
}
