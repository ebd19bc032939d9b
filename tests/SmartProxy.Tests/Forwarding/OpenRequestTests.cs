using Microsoft.AspNetCore.Http;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding;

/// <summary>A token that ends, and a host that a policy shuts, end what is under way outside tunnels, too; a payment whose answer is still to come is left alone.</summary>
public sealed class OpenRequestTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _paidArrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TestOrigin _origin = null!;
    private ProxyFixture _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _origin = await TestOrigin.StartAsync(ServeAsync, tls: false);
        _proxy = await ProxyFixture.StartAsync([_origin.Port]);
        Assert.True(HostName.TryParse("origin.test", out var host));
        _proxy.Policy.Upstreams["shop"] = new NamedUpstream("shop", new Origin(IsHttps: false, host, _origin.Port), "");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/socket", false, false)]
    [InlineData("/socket", true, false)]
    [InlineData("/socket", false, true)]
    [InlineData("/socket", true, true)]
    [InlineData("/endless", false, false)]
    [InlineData("/endless", true, true)]
    [InlineData("/paid-socket", false, false)]
    [InlineData("/paid-endless", true, true)]
    public async Task What_is_under_way_ends_with_its_token_and_with_a_policy_that_shuts_the_host(string path, bool isNamed, bool byPolicy)
    {
        using var client = await AskAsync(path, isNamed);
        var head = await client.ReadHeadAsync(Stop);
        Assert.StartsWith(path.EndsWith("socket", StringComparison.Ordinal) ? "HTTP/1.1 101 " : "HTTP/1.1 200 ", head, StringComparison.Ordinal);
        using var other = await AskAsync("/endless", isNamed, FakeAuthenticator.OtherBasic);
        await other.ReadHeadAsync(Stop);

        if (byPolicy)
        {
            _proxy.Policy.Swap(TunnelTreatment.Refuse);
            await other.ReadToEndAsync(Stop);
        }
        else
        {
            _proxy.Agents.Revoke();
        }

        await client.ReadToEndAsync(Stop);
        if (!byPolicy)
        {
            Assert.Equal(1, await other.Stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken)); // another agent's goes on
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_policy_that_still_opens_the_host_ends_nothing()
    {
        using var client = await AskAsync("/wait", isNamed: false);
        await _paidArrived.Task.WaitAsync(TestContext.Current.CancellationToken);
        _proxy.Policy.Swap(TunnelTreatment.Blind);
        _go.SetResult();

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadMessageAsync(Stop), StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_payment_on_its_way_gets_its_answer_though_the_token_has_ended()
    {
        _proxy.Flow.Script = async call =>
        {
            await ScriptedFlow.PayAsync(call);
            _proxy.Flow.Paid.TrySetResult(default!);
        };
        using var client = await AskAsync("/paid-wait", isNamed: false);
        await _paidArrived.Task.WaitAsync(TestContext.Current.CancellationToken);
        _proxy.Agents.Revoke();
        _proxy.Policy.Swap(TunnelTreatment.Refuse);
        _go.SetResult();
        await _proxy.Flow.Paid.Task.WaitAsync(TestContext.Current.CancellationToken);

        Assert.True(_paidAnswered, "the paid attempt was cut off before its answer");
    }

    private volatile bool _paidAnswered;

    public async ValueTask DisposeAsync()
    {
        _go.TrySetResult();
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.StartsWith("/paid", StringComparison.Ordinal) && !context.Request.Headers.ContainsKey("X-PAYMENT"))
        {
            context.Response.StatusCode = 402;
            await context.Response.WriteAsync("pay");
            return;
        }

        switch (path)
        {
            case "/socket" or "/paid-socket":
                using (var socket = await context.WebSockets.AcceptWebSocketAsync())
                {
                    await Record.ExceptionAsync(() => socket.ReceiveAsync(new byte[100], CancellationToken.None));
                }

                break;
            case "/endless" or "/paid-endless":
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await context.Response.WriteAsync("x", context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    await Task.Delay(20, context.RequestAborted);
                }

                break;
            default:
                _paidArrived.TrySetResult();
                await _go.Task;
                _paidAnswered = !context.RequestAborted.IsCancellationRequested;
                context.Response.ContentLength = 2;
                await context.Response.WriteAsync("ok");
                break;
        }
    }

    private async Task<RawClient> AskAsync(string path, bool isNamed, string? credentials = null)
    {
        var client = await _proxy.ConnectAsync(Stop);
        var target = isNamed ? "/u/shop" + path : $"http://{_origin.Authority}{path}";
        var upgrade = path.EndsWith("socket", StringComparison.Ordinal)
            ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" : "";
        await client.SendAsync(
            $"GET {target} HTTP/1.1\r\nHost: {(isNamed ? "127.0.0.1" : _origin.Authority)}\r\nProxy-Authorization: {credentials ?? FakeAuthenticator.Basic}\r\n{upgrade}\r\n", Stop);
        return client;
    }
}
