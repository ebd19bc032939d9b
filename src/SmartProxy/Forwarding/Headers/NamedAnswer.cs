using System.Text;
using Microsoft.Extensions.Primitives;
using SmartProxy.Forwarding.Targets;

namespace SmartProxy.Forwarding.Headers;

/// <summary>
/// What an answer of a named upstream says to a client that sees one address for all merchants: whatever leads somewhere leads back through us or
/// away in full, and a cookie is for its merchant alone.
/// </summary>
internal static class NamedAnswer
{
    /// <summary>A cookie that promises to be for a whole host (RFC 6265bis 4.1.3.2). Here it can't be.</summary>
    private const string HostPrefix = "__Host-";

    /// <param name="headers">The answer's, as they will travel to the client.</param>
    /// <param name="upstream">Who answered.</param>
    /// <param name="target">What was asked for at the upstream, by which relative references are read.</param>
    public static void Rewrite(IHeaderDictionary headers, NamedUpstream upstream, string target)
    {
        headers.Location = Map(headers.Location, line => upstream.ReferenceFor(line, target));
        headers.ContentLocation = Map(headers.ContentLocation, line => upstream.ReferenceFor(line, target));
        headers.Link = Map(headers.Link, line => LinksFor(line, reference => upstream.ReferenceFor(reference, target)));
        headers.SetCookie = Map(headers.SetCookie, line => CookieFor(line, upstream, target));

        // No standard says how to read them, and both could lead to another merchant.
        headers.Remove("Set-Cookie2");
        headers.Remove("Refresh");
    }

    private static StringValues Map(StringValues lines, Func<string, string?> map) =>
        lines.Count == 0 ? lines : new StringValues([.. lines.Select(line => map(line!)).Where(line => line is not null)]);

    // A reference stands in angle brackets, which in quotes are none (RFC 8288 3).
    private static string LinksFor(string line, Func<string, string> seen)
    {
        var text = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            text.Append(line[i]);
            if (line[i] == '\\' && isQuoted && i + 1 < line.Length)
            {
                text.Append(line[++i]);
            }
            else if (line[i] == '<' && !isQuoted)
            {
                var end = line.IndexOf('>', i);
                end = end < 0 ? line.Length : end;
                text.Append(seen(line[(i + 1)..end]));
                i = end - 1;
            }
            else
            {
                isQuoted ^= line[i] == '"';
            }
        }

        return text.ToString();
    }

    // RFC 6265 5.2: of several paths the last one counts. Whatever a client could read as a path or a domain goes, and ours stands alone.
    private static string? CookieFor(string cookie, NamedUpstream upstream, string target)
    {
        string[] parts = cookie.Split(';', StringSplitOptions.TrimEntries);
        var kept = new List<string> { parts[0] };
        var path = "";
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = (equals < 0 ? part : part[..equals]).TrimEnd();
            if (name.Equals("Path", StringComparison.OrdinalIgnoreCase))
            {
                path = equals < 0 ? "" : part[(equals + 1)..].TrimStart();
            }
            else if (part.Length > 0 && !name.Equals("Domain", StringComparison.OrdinalIgnoreCase))
            {
                kept.Add(part);
            }
        }

        var seen = upstream.CookiePathFor(path.StartsWith('/') ? path : DefaultPath(target));
        return seen is null || parts[0].StartsWith(HostPrefix, StringComparison.OrdinalIgnoreCase) ? null : string.Join("; ", [.. kept, "Path=" + seen]);
    }

    // RFC 6265 5.1.4.
    private static string DefaultPath(string target)
    {
        var path = target.Split('?')[0];
        return path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "/";
    }
}
