using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;
using SmartProxy.Payments;

namespace SmartProxy.Forwarding.Headers;

/// <summary>
/// What makes a message unfit to be passed on: whatever two programs could read differently. The server and the client library are more
/// lenient than a proxy may be; here is the difference, looked at before anything is judged, dialled or shown.
/// </summary>
internal static class MessageFaults
{
    private const int LongestLength = 19;

    /// <summary>What makes a request unfit to be forwarded, or null.</summary>
    public static Refusal? Find(HttpRequest request)
    {
        var headers = request.Headers;
        foreach (var (name, values) in headers)
        {
            if (FindInField(name, values) is { } fault)
            {
                return fault;
            }
        }

        // The client library would write `get` as GET; to an origin they are two methods (RFC 9110 9.1).
        if (!HeaderRules.IsToken(request.Method) || HttpMethods.GetCanonicalizedValue(request.Method) != request.Method)
        {
            return Malformed("the method is none that can be passed on; methods such as GET are written in capitals");
        }

        return HttpProtocol.IsHttp2(request.Protocol) ? FindInHttp2(headers) : FindInFraming(request) ?? FindInConnection(headers.Connection);
    }

    /// <summary>What makes an origin's answer unfit to be shown, or null.</summary>
    public static string? Find(HttpResponseMessage response, bool isUpgrade)
    {
        var (headers, contentHeaders) = (response.Headers.NonValidated, response.Content.Headers.NonValidated);
        if (response.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            if (!isUpgrade)
            {
                return "it switched protocols though nobody asked";
            }

            if (!headers.TryGetValues("Upgrade", out var upgrade) || !upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase))
            {
                return "it switched to a protocol that nobody asked for";
            }
        }

        if (HasFault(headers) || HasFault(contentHeaders) || HeaderRules.HasControls(response.ReasonPhrase))
        {
            return "its head is malformed";
        }

        if (IsAmbiguous(response, headers, contentHeaders))
        {
            return "its length is ambiguous";
        }

        return headers.TryGetValues("Connection", out var connection) && HeaderRules.Nominated(HeaderRules.ToStringValues(connection))?.Exists(HeaderRules.IsEndToEnd) == true
            ? "its Connection hides a header that is meant for the agent"
            : null;
    }

    /// <summary>Whether fields hold a name that is no token, or a value with control characters.</summary>
    public static bool HasFault(HttpHeadersNonValidated headers)
    {
        foreach (var (name, values) in headers)
        {
            if (!HeaderRules.IsToken(name))
            {
                return true;
            }

            foreach (var value in values)
            {
                if (HeaderRules.HasControls(value))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static Refusal? FindInField(string name, StringValues values)
    {
        if (!HeaderRules.IsToken(name) && name[0] != ':')
        {
            return Malformed("a header name is no token (RFC 9110 5.1); send only letters, digits and the token marks");
        }

        foreach (var value in values)
        {
            if (HeaderRules.HasControls(value))
            {
                return Malformed("a header value holds control characters; remove them");
            }
        }

        return IsLookAlike(name) ? Malformed("a header name looks like one that frames the body and is none; write it with a hyphen or leave it out") : null;
    }

    // Programs behind a proxy often read `_` as `-`: to them the body would end elsewhere.
    private static bool IsLookAlike(string name) =>
        name.Contains('_', StringComparison.Ordinal)
        && (name.Length is 14 or 17)
        && name.Replace('_', '-') is var hyphened
        && (hyphened.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) || hyphened.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase));

    // HTTP/2 frames by itself and has no fields of one connection (RFC 9113 8.2.2). `Connection` and another TE than trailers are the server's to refuse.
    private static Refusal? FindInHttp2(IHeaderDictionary headers) =>
        headers.TransferEncoding.Count > 0 || headers.KeepAlive.Count > 0 || headers.Upgrade.Count > 0 || headers.ContainsKey("Proxy-Connection")
            ? Malformed("a header that belongs to one connection came over HTTP/2; leave Transfer-Encoding, Keep-Alive, Proxy-Connection and Upgrade out")
            : null;

    private static Refusal? FindInFraming(HttpRequest request)
    {
        var headers = request.Headers;
        var codings = headers.TransferEncoding;
        if (codings.Count == 0)
        {
            return null;
        }

        // The server drops Content-Length where Transfer-Encoding is present and keeps its text under another name.
        if (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length"))
        {
            return Malformed("Content-Length and Transfer-Encoding came together; send one of them");
        }

        if (HttpProtocol.IsHttp10(request.Protocol))
        {
            return Malformed("HTTP/1.0 knows no Transfer-Encoding; send Content-Length");
        }

        if (codings.Count == 1 && string.Equals(codings[0], "chunked", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string[] names = [.. codings.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries))];
        var areOthers = names.All(name => HeaderRules.IsToken(name)) && names.Count(name => name.Equals("chunked", StringComparison.OrdinalIgnoreCase)) == 1;
        return areOthers
            ? new Refusal(501, "transfer_coding_not_supported", "only the transfer coding `chunked` is known; send the body without another")
            : Malformed("Transfer-Encoding is not `chunked`; send that, or Content-Length");
    }

    private static Refusal? FindInConnection(StringValues connection)
    {
        if (HeaderRules.Nominated(connection) is not { } nominated)
        {
            return null;
        }

        if (nominated.Find(HeaderRules.IsEndToEnd) is { } name)
        {
            return Malformed($"Connection nominates {name}, which is meant for the origin; take it out of Connection");
        }

        return nominated.Exists(static other => !HeaderRules.IsToken(other))
            ? Malformed("Connection holds what is no header name; list names only")
            : null;
    }

    private static bool IsAmbiguous(HttpResponseMessage response, HttpHeadersNonValidated headers, HttpHeadersNonValidated contentHeaders)
    {
        var hasCoding = headers.TryGetValues("Transfer-Encoding", out var codings);
        if (hasCoding && (response.Version.Minor == 0 || !codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase)))
        {
            return true;
        }

        return contentHeaders.TryGetValues("Content-Length", out var lengths)
            && (hasCoding || lengths.ToString() is not { Length: > 0 and <= LongestLength } length || length.AsSpan().ContainsAnyExceptInRange('0', '9'));
    }

    private static Refusal Malformed(string detail) => new(StatusCodes.Status400BadRequest, "malformed_request", detail);
}
