using System.Net.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Protocol;
using SmartProxy.Tests.Limits;

namespace SmartProxy.Tests.Forwarding.Headers;

/// <summary>WebSockets are opened where the policy lets an agent, and nothing else is by any way in. What is no handshake is in the conformance cases.</summary>
public sealed class WebSocketRulesTests : IAsyncLifetime
{
    private const string Handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private int _requests;
    private TestOrigin _plain = null!;
    private TestOrigin _secure = null!;
    private ProxyFixture _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _plain = await TestOrigin.StartAsync(ServeAsync, HttpProtocols.Http1, tls: false);
        _secure = await TestOrigin.StartAsync(ServeAsync, HttpProtocols.Http1);
        _proxy = await ProxyFixture.StartAsync([_plain.Port, _secure.Port]);
        _proxy.Policy.Upstreams["shop"] = new NamedUpstream("shop", Origin.TryParse(_plain.Url, out var origin) ? origin : default, "");
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _plain.DisposeAsync();
        await _secure.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_policy_decides_on_every_way_in(bool isAllowed)
    {
        _proxy.Policy.OpensWebSockets = isAllowed;
        var expected = isAllowed ? "101" : "403 websocket_not_allowed";

        Assert.Equal(expected, await OverHttp1Async($"GET {_plain.Url}/ HTTP/1.1\r\nHost: {_plain.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n", tunnel: null));
        Assert.Equal(expected, await OverHttp1Async($"GET /u/shop/ HTTP/1.1\r\nHost: 127.0.0.1\r\nSmart-Proxy-Token: {FakeAuthenticator.Token}\r\n", tunnel: null));
        Assert.Equal(expected, await OverHttp1Async($"GET / HTTP/1.1\r\nHost: {_plain.Authority}\r\n", _plain));
        Assert.Equal(expected, await OverHttp1Async($"GET / HTTP/1.1\r\nHost: {_secure.Authority}\r\n", _secure));
        Assert.Equal(isAllowed ? "200" : "403", await OverHttp2Async());
        Assert.Equal(isAllowed ? 5 : 0, _requests);
    }

    [Fact]
    public async Task What_follows_a_refused_handshake_is_a_request_again_and_judged_as_one()
    {
        _proxy.Policy.OpensWebSockets = false;
        using var client = await _proxy.ConnectAsync(Stop);
        var head = $"HTTP/1.1\r\nHost: {_plain.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n";
        await client.SendAsync($"GET {_plain.Url}/ {head}{Handshake}\r\nGET {_plain.Url}/ {head}X-PAYMENT: mine\r\n\r\n", Stop);

        Assert.StartsWith("HTTP/1.1 403 ", await client.ReadMessageAsync(Stop), StringComparison.Ordinal);
        var next = await client.ReadMessageAsync(Stop);
        Assert.True(next.Length == 0 || next.StartsWith("HTTP/1.1 403 ", StringComparison.Ordinal), next);
        Assert.Equal(0, _requests);
    }

    private async Task<string> OverHttp1Async(string head, TestOrigin? tunnel)
    {
        using var client = tunnel is null ? await _proxy.ConnectAsync(Stop) : await _proxy.OpenTunnelAsync(tunnel.Authority, Stop);
        if (tunnel?.Scheme == "https")
        {
            var tls = new SslStream(client.Stream, leaveInnerStreamOpen: false, _proxy.TrustsOurAuthority);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "origin.test", ApplicationProtocols = [SslApplicationProtocol.Http11] }, Stop);
            client.Stream = tls;
        }

        await client.SendAsync($"{head}{Handshake}\r\n", Stop);
        var answer = await client.ReadMessageAsync(Stop);
        return answer.Contains("websocket_not_allowed", StringComparison.Ordinal) ? $"{answer[9..12]} websocket_not_allowed" : answer[9..12];
    }

    private async Task<string> OverHttp2Async()
    {
        using var client = await RawHttp2.ConnectAsync(_proxy.Port, _secure.Authority, FakeAuthenticator.Basic);
        await client.RequestAsync(
            1, 0, ":method: CONNECT", ":protocol: websocket", ":scheme: https", $":authority: {_secure.Authority}", ":path: /", "sec-websocket-version: 13");
        return await client.EndOfAsync(1);
    }

    private async Task ServeAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
    }
}
