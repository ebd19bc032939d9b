using System.Text;

namespace SmartProxy.Policy.Rules;

/// <summary>
/// A request's path as an endpoint sees it: as sent, and as an origin may read it. Where the two differ, the stricter reading counts: a limit or a
/// deny matches when either fits, an allow only when both do.
/// </summary>
internal readonly record struct RequestPath
{
    /// <summary>Paths are recorded up to here; one that long may have lost its end, so that it fits every deny and no allow.</summary>
    public const int MaxLength = 2048;

    private RequestPath(string sent, string read, bool isKnown) => (Sent, Read, IsKnown) = (sent, read, isKnown);

    /// <summary>As sent, without the query.</summary>
    public string Sent { get; }

    /// <summary>As the most obliging origin reads it.</summary>
    public string Read { get; }

    /// <summary>False for a path that was cut, or is none.</summary>
    public bool IsKnown { get; }

    public static RequestPath Of(string sent) =>
        sent.Length >= MaxLength || !sent.StartsWith('/') ? new(sent, sent, isKnown: false)
        : IsPlain(sent) ? new(sent, sent, isKnown: true)
        : new(sent, Normalise(sent), isKnown: true);

    /// <summary>
    /// Decodes what needs no encoding, and slashes, backslashes and semicolons, as often as they were encoded; reads a backslash as a slash; drops parameters
    /// (<c>;x=1</c>), dot segments and empty segments.
    /// </summary>
    public static string Normalise(string path)
    {
        var decoded = Decode(path);
        for (var next = Decode(decoded); next != decoded; next = Decode(decoded))
        {
            decoded = next;
        }

        var kept = new List<string>();
        var segments = decoded.Replace('\\', '/').Split('/');
        foreach (var segment in segments.Select(s => s.Split(';')[0]))
        {
            switch (segment)
            {
                case "" or ".":
                    break;
                case "..":
                    kept.RemoveRange(Math.Max(0, kept.Count - 1), Math.Min(1, kept.Count));
                    break;
                default:
                    kept.Add(segment);
                    break;
            }
        }

        var isFolder = kept.Count > 0 && segments[^1].Split(';')[0] is "" or "." or "..";
        return "/" + string.Join('/', kept) + (isFolder ? "/" : "");
    }

    // Nothing that could be read in two ways: no encoding, no parameter, no backslash, no empty or dotted segment.
    private static bool IsPlain(string path) =>
        !path.AsSpan().ContainsAny('%', '\\', ';')
        && !path.Contains("//", StringComparison.Ordinal)
        && !path.Contains("/.", StringComparison.Ordinal);

    // One layer. What has to stay encoded gets upper-case digits, so that %c3 and %C3 are one.
    private static string Decode(string text)
    {
        var decoded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%' || i > text.Length - 3 || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                decoded.Append(text[i]);
                continue;
            }

            var value = (char)Convert.ToByte(text.Substring(i + 1, 2), 16);
            var needless = char.IsAsciiLetterOrDigit(value) || value is '-' or '.' or '_' or '~' or '/' or '\\' or ';' or '%';
            decoded.Append(needless ? value.ToString() : text.Substring(i, 3).ToUpperInvariant());
            i += 2;
        }

        return decoded.ToString();
    }
}
