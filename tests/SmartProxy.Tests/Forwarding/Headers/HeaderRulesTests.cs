using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Forwarding.Headers;

namespace SmartProxy.Tests.Forwarding.Headers;

/// <summary>What travels, in both directions, against an origin that records bytes.</summary>
public sealed class HeaderRulesTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A header line of the agent's, and whether it travels.</summary>
    public static TheoryData<string, bool> ToOrigin => new()
    {
        { "Accept: text/html;q=0.5", true },
        { "Authorization: Bearer mine", true },
        { "Cookie: a=b; c=d", true },
        { "X-Forwarded-For: 192.0.2.1", true },
        { "Idempotency-Key: 1", true },
        { "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true },
        { "Content-Type: application/json", true },
        { "X-Name: caf\u00e9", true },
        { "Upgrade-Insecure-Requests: 1", true },
        { "Max-Forwards: 5", true },
        { "Keep-Alive: timeout=5", false },
        { "Proxy-Connection: keep-alive", false },
        { "Proxy-Anything: 1", false },
        { "TE: gzip", false },
        { "TE: trailers", true },
        { "Trailer: X-End", false },
        { "HTTP2-Settings: AAMAAABkAAQAAP__", false },
        { "Upgrade: h2c", false },
        { "Upgrade: SPDY/3", false },
        { "Smart-Proxy-Max-Price: 0.01", false },
        { "smart-proxy-token: sp_x", false },
        { "Connection: X-Hop\r\nX-Hop: 1", false },
        { "Connection: keep-alive, x-hop\r\nX-Hop: 1", false },
        { "Connection: close, X-Hop\r\nX-Hop: 1", false },
        { "Connection: X-Hop, keep-alive\r\nX-Hop: 1", false },
        { "Connection: X-Hop\r\nConnection: keep-alive\r\nX-Hop: 1", false },
        { "Connection: keep-alive\r\nConnection: X-Hop\r\nX-Hop: 1", false },
    };

    public static TheoryData<string, string> Refused => new()
    {
        { "Connection: Host", "400" },
        { "Connection: keep-alive, Authorization\r\nAuthorization: Bearer mine", "400" },
        { "Connection: Authorization\r\nAuthorization: Bearer mine", "400" },
        { "Connection: x, cookie\r\nCookie: a=b", "400" },
        { "X(Y): 1", "400" },
        { "X-Control: a\u0001b", "400" },
        { "X-Control: a\u007fb", "400" },
        { "Expect: something", "417" },
        { "X-PAYMENT: mine", "403" },
        { "Content-Length: 5\r\nTransfer-Encoding: chunked", "400" },
    };

    public static TheoryData<string, bool> ToAgent => new()
    {
        { "Content-Type: text/plain", true },
        { "Set-Cookie: a=b", true },
        { "Server: mine", true },
        { "X-Name: caf\u00e9", true },
        { "Content-Encoding: gzip", true },
        { "PAYMENT-RESPONSE: e30=", true },
        { "Keep-Alive: timeout=5", false },
        { "Proxy-Authenticate: Basic", false },
        { "Proxy-Status: fake", false },
        { "Alt-Svc: h3=\":443\"", false },
        { "Upgrade: h2c", false },
        { "Smart-Proxy-Receipt: forged", false },
        { "smart-proxy-paid: 0.00", false },
        { "Connection: X-Hop\r\nX-Hop: 1", false },
        { "Connection: keep-alive, X-Hop\r\nX-Hop: 1", false },
    };

    public static TheoryData<string> Malformed =>
    [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\u0001b\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\u007fb\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX(Y): 1\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        "nonsense\r\n\r\n",
    ];

    [Theory]
    [InlineData("keep-alive, x-hop", "x-hop")]
    [InlineData("close,X-Hop , ,y", "X-Hop y")]
    [InlineData("keep-alive", "")]
    [InlineData("upgrade", "")]
    [InlineData("", "")]
    public void Connection_nominates_what_is_not_usual(string connection, string expected) =>
        Assert.Equal(expected, string.Join(' ', HeaderRules.Nominated(connection) ?? []));

    [Theory, MemberData(nameof(ToOrigin))]
    public async Task A_request_header_travels_or_not(string header, bool travels)
    {
        using var origin = new RawOrigin(Ok);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        var answer = await proxy.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n{header}\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);

        var head = await origin.Heads.Reader.ReadAsync(Token);
        var line = header.Split("\r\n")[^1];
        Assert.True(travels == head.Contains($"\r\n{line}\r\n", StringComparison.OrdinalIgnoreCase), head);
        Assert.Equal(travels, head.Contains($"\r\n{line.Split(':')[0]}:", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("Proxy-Authorization", head, StringComparison.OrdinalIgnoreCase);
        Assert.Single(head.Split("\r\n"), l => l.StartsWith("Via: 1.1 smart-proxy-", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task An_ambiguous_request_never_reaches_the_origin(string header, string status)
    {
        using var origin = new RawOrigin(Ok);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);

        var answer = await proxy.SendAsync($"POST http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n{header}\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Equal(0, origin.Connections);
    }

    [Theory, MemberData(nameof(ToAgent))]
    public async Task A_response_header_travels_or_not(string header, bool travels)
    {
        using var origin = new RawOrigin($"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{header}\r\n\r\nok");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);

        var answer = await proxy.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nok", answer, StringComparison.Ordinal);
        Assert.Equal(travels, answer.Contains($"\r\n{header.Split("\r\n")[^1]}\r\n", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(travels, answer.Contains($"\r\n{header.Split("\r\n")[^1].Split(':')[0]}:", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("\r\nVia: 1.1 smart-proxy-", answer, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Malformed))]
    public async Task A_malformed_answer_is_not_shown(string answer)
    {
        using var origin = new RawOrigin(answer);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);

        var shown = await proxy.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n");

        Assert.StartsWith("HTTP/1.1 502 ", shown, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", shown, StringComparison.Ordinal);
        Assert.Contains("\r\nProxy-Status: smart-proxy; error=", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loop_ends()
    {
        using var origin = new RawOrigin(Ok);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        await proxy.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n");
        var via = (await origin.Heads.Reader.ReadAsync(Token)).Split("\r\n").Single(l => l.StartsWith("Via:", StringComparison.Ordinal));

        var answer = await proxy.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\n{via}, 1.1 other\r\n");

        Assert.StartsWith("HTTP/1.1 508 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_request_without_credentials_is_challenged()
    {
        await using var proxy = await ProxyFixture.StartAsync([]);
        using var client = await proxy.ConnectAsync(Token);
        await client.SendAsync("GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n", Token);

        var answer = await client.ReadMessageAsync(Token);

        Assert.StartsWith("HTTP/1.1 407 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nProxy-Authenticate: Basic", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_of_a_client_on_http2_are_held_to_the_same_rules()
    {
        IHeaderDictionary? seen = null;
        await using var origin = await TestOrigin.StartAsync(
            context =>
            {
                seen = new HeaderDictionary(context.Request.Headers.ToDictionary(h => h.Key, h => h.Value, StringComparer.OrdinalIgnoreCase));
                context.Response.Headers["Smart-Proxy-Receipt"] = "forged";
                context.Response.Headers.AltSvc = "h3=\":443\"";
                return context.Response.WriteAsync("ok");
            },
            HttpProtocols.Http2);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient(HttpVersion.Version20);
        client.DefaultRequestHeaders.Add("Smart-Proxy-Mode", "quote");
        client.DefaultRequestHeaders.Add("X-Mine", "1");

        using var response = await client.GetAsync(origin.Url + "/a?b", Token);

        Assert.Equal("1", seen!["X-Mine"]);
        Assert.False(seen.ContainsKey("Smart-Proxy-Mode"));
        Assert.StartsWith("2 smart-proxy-", seen.Via.ToString(), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Smart-Proxy-Receipt"));
        Assert.False(response.Headers.Contains("Alt-Svc"));
    }
}
