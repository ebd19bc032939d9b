using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Tests.Conformance;
using SmartProxy.Tests.Forwarding;
using static SmartProxy.Tests.Forwarding.RawHttp2;

namespace SmartProxy.Tests.Limits;

/// <summary>WebSockets over HTTP/2 (RFC 8441), and other things in which HTTP/2 agents and HTTP/1 origins differ.</summary>
public sealed class ExtendedConnectTests : IAsyncLifetime
{
    private const string Payment = """{"mpp":"authorization","authorization":"Payment abc"}""";

    private readonly ConcurrentQueue<string> _seen = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TestOrigin _origin = null!;
    private ProxyFixture _proxy = null!;

    public async ValueTask InitializeAsync()
    {
        _origin = await TestOrigin.StartAsync(EchoAsync, HttpProtocols.Http1);
        _proxy = await ProxyFixture.StartAsync([_origin.Port]);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("websocket", "{h}", "200")]
    [InlineData("websocket", "other.test", "421")]
    [InlineData("websocket", "origin.test", "421")]
    [InlineData("webtransport", "{h}", "501")]
    [InlineData("connect-udp", "{h}", "501")]
    public async Task Only_a_websocket_to_the_tunnels_own_authority_is_relayed(string protocol, string authority, string status)
    {
        using var client = await ConnectAsync(protocol, authority.Replace("{h}", _origin.Authority, StringComparison.Ordinal));
        await Record.ExceptionAsync(() => SayAsync(client, "hello"));

        Assert.Equal(status, await client.EndOfAsync(1).WaitAsync(TestContext.Current.CancellationToken));
        Assert.Equal(status == "200" ? ["hello"] : [], _seen);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_payment_in_a_message_ends_the_stream_and_reaches_nobody()
    {
        using var client = await ConnectAsync("websocket", _origin.Authority);
        await SayAsync(client, Payment);

        await client.EndOfAsync(1).WaitAsync(TestContext.Current.CancellationToken);
        await _over.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["cut off"], _seen);
    }

    [Fact(Timeout = 60_000)]
    public async Task Crumbs_of_cookies_reach_an_http1_origin_as_one_line()
    {
        using var origin = new RecordingOrigin(tls: true);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = await RawHttp2.ConnectAsync(proxy.Port, origin.Authority, FakeAuthenticator.Basic);
        await client.RequestAsync(1, EndStream, Get(origin.Authority, "/", "cookie: a=b", "x-a: 1", "cookie: c=d", "cookie: e=f"));

        Assert.Equal("200", await client.EndOfAsync(1).WaitAsync(TestContext.Current.CancellationToken));
        Assert.Equal("a=b; c=d; e=f", Assert.Single(Assert.Single(origin.Requests).Message.Values("Cookie")));
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private async Task<RawHttp2> ConnectAsync(string protocol, string authority)
    {
        var client = await RawHttp2.ConnectAsync(_proxy.Port, _origin.Authority, FakeAuthenticator.Basic);
        await client.RequestAsync(1, 0, ":method: CONNECT", $":protocol: {protocol}", ":scheme: https", $":authority: {authority}", ":path: /ws", "sec-websocket-version: 13");
        return client;
    }

    // One whole text message, masked with zeros (RFC 6455 5.2).
    private static Task SayAsync(RawHttp2 client, string message)
    {
        var text = Encoding.ASCII.GetBytes(message);
        return client.SendAsync(Frame(Http2Type.Data, 0, 1, [0x81, (byte)(0x80 | text.Length), 0, 0, 0, 0, .. text]));
    }

    // Hears one message, and says and ends the same.
    private async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1_000];
        try
        {
            var heard = await socket.ReceiveAsync(buffer, context.RequestAborted);
            _seen.Enqueue(Encoding.ASCII.GetString(buffer, 0, heard.Count));
            await socket.SendAsync(buffer.AsMemory(0, heard.Count), WebSocketMessageType.Text, true, context.RequestAborted);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            _seen.Enqueue("cut off");
        }

        _over.TrySetResult();
    }
}
