using System.Buffers;
using System.Collections.Frozen;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SmartProxy.Payments;

namespace SmartProxy.Forwarding;

/// <summary>
/// The one table of header rules, in both directions (RFC 9110 7.6, RFC 9113 8.2). What is neither named here nor nominated by
/// <c>Connection</c> travels unchanged.
/// </summary>
internal static class HeaderRules
{
    public const string OwnPrefix = "Smart-Proxy-";

    /// <summary>Belong to one connection, or would lead agents around the proxy (<c>Alt-Svc</c>); dropped in both directions.</summary>
    private static readonly FrozenSet<string> PerConnection = FrozenSet.ToFrozenSet(
        ["Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Alt-Svc", "Alt-Used", "Close"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Rewritten by us towards the origin; trailers of requests can't be relayed and are not announced.</summary>
    private static readonly FrozenSet<string> OursTowardsOrigin = FrozenSet.ToFrozenSet(
        ["Host", "Trailer", "Content-Length"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Nominating one of these would hide it from the origin though the agent meant it to arrive.</summary>
    private static readonly FrozenSet<string> EndToEnd = FrozenSet.ToFrozenSet(
        ["Host", "Content-Length", "Content-Type", "Content-Encoding", "Authorization", "Cookie", "Via", "X-PAYMENT", "PAYMENT-SIGNATURE", "Idempotency-Key"],
        StringComparer.OrdinalIgnoreCase);

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

    public static bool TravelsToOrigin(string name) => Travels(name) && !OursTowardsOrigin.Contains(name);

    public static bool TravelsToAgent(string name) => Travels(name);

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

    /// <summary>What makes a request unfit to be forwarded, or null.</summary>
    public static Refusal? FindFault(HttpRequest request)
    {
        foreach (var (name, values) in request.Headers)
        {
            if (!IsToken(name) && name[0] != ':')
            {
                return Malformed("a header name is no token (RFC 9110 5.1); send only letters, digits and the token marks");
            }

            foreach (var value in values)
            {
                if (HasControls(value))
                {
                    return Malformed("a header value holds control characters; remove them");
                }
            }
        }

        var headers = request.Headers;

        // The server drops Content-Length where Transfer-Encoding is present and keeps its text under another name.
        if (headers.TransferEncoding.Count > 0 && (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length")))
        {
            return Malformed("Content-Length and Transfer-Encoding came together; send one of them");
        }

        if (headers.Expect.Count > 0 && !string.Equals(headers.Expect, "100-continue", StringComparison.OrdinalIgnoreCase))
        {
            return new Refusal(StatusCodes.Status417ExpectationFailed, "expectation_failed", "only `Expect: 100-continue` is known; leave the header out");
        }

        return Nominated(headers.Connection)?.Find(EndToEnd.Contains) is { } name2
            ? Malformed($"Connection nominates {name2}, which is meant for the origin; take it out of Connection")
            : null;
    }

    /// <summary>What makes an origin's answer unfit to be shown, or null.</summary>
    public static string? FindFault(HttpResponseMessage response, bool isUpgrade)
    {
        if (response.StatusCode == HttpStatusCode.SwitchingProtocols && !isUpgrade)
        {
            return "it switched protocols though nobody asked";
        }

        var contentHeaders = response.Content.Headers.NonValidated;
        if (contentHeaders.TryGetValues("Content-Length", out var lengths)
            && (lengths.Count > 1 || response.Headers.NonValidated.Contains("Transfer-Encoding")))
        {
            return "its length is ambiguous";
        }

        return HasFault(response.Headers.NonValidated) || HasFault(contentHeaders) ? "its headers are malformed" : null;
    }

    public static StringValues ToStringValues(in System.Net.Http.Headers.HeaderStringValues values) =>
        values.Count <= 1 ? values.ToString() : new StringValues([.. values]);

    private static bool HasFault(System.Net.Http.Headers.HttpHeadersNonValidated headers)
    {
        foreach (var (name, values) in headers)
        {
            if (!IsToken(name))
            {
                return true;
            }

            foreach (var value in values)
            {
                if (HasControls(value))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool Travels(string name) =>
        !PerConnection.Contains(name)
        && name[0] != ':'
        && !name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)
        && !name.StartsWith(OwnPrefix, StringComparison.OrdinalIgnoreCase);

    private static Refusal Malformed(string detail) => new(StatusCodes.Status400BadRequest, "malformed_request", detail);
}
