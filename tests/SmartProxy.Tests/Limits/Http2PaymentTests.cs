using System.Text;
using Microsoft.AspNetCore.Http;
using SmartProxy.Ledger;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;
using static SmartProxy.Tests.Forwarding.RawHttp2;

namespace SmartProxy.Tests.Limits;

/// <summary>A stream that is reset, in the whole product: before the signature it starts no payment, and after it the payment is booked.</summary>
public sealed class Http2PaymentTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ScriptedSeller _seller = null!;
    private RunningProxy _proxy = null!;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: true);
        _proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = $$"""{ "networks": ["base-sepolia"], "merchants": { "shop": { "hosts": ["{{_seller.Authority}}"], "recipients": "any" } }, "agents": { "me": { "allow": ["*"], "limits": { "day": "5.00" } } } }""",
        });
    }

    [Fact]
    public async Task A_stream_that_is_reset_while_its_402_is_read_starts_no_payment()
    {
        _seller.On("/half", AskByHalvesAsync);
        using var client = await ConnectAsync();
        await client.RequestAsync(1, EndStream, Get(_seller.Authority, "/half"));
        await _reached.Task;
        await ResetAsync(client);
        _go.SetResult();

        await AssertServedAsync(client);
        await _proxy.StopAsync();
        Assert.DoesNotContain(_proxy.Journal(), line => line.Entry is JournalEntry.Reserved);
        Assert.Empty(_seller.PaymentsAt("/half"));
    }

    [Fact]
    public async Task Streams_that_are_reset_by_the_thousand_start_no_payment_that_is_not_booked()
    {
        _seller.Sell("/paid", ScriptedSeller.DeliverAsync);
        using var client = await ConnectAsync();
        for (var stream = 1; stream < 400; stream += 2)
        {
            await client.SendAsync([.. Frame(Http2Type.Headers, EndStream | EndHeaders, stream, Block(Get(_seller.Authority, "/paid"))), .. Frame(Http2Type.Reset, 0, stream, Number(8))]);
        }

        using var next = await ConnectAsync();
        await AssertServedAsync(next);
        await _proxy.StopAsync();
        var reserved = _proxy.Journal().Select(line => line.Entry).OfType<JournalEntry.Reserved>().Count();
        Assert.InRange(_seller.PaymentsAt("/paid").Count, 0, reserved);
    }

    [Fact]
    public async Task A_stream_that_is_reset_after_the_signature_is_booked_all_the_same()
    {
        _seller.Sell("/slow", async context =>
        {
            _reached.TrySetResult();
            await _go.Task;
            await ScriptedSeller.DeliverAsync(context);
        });
        using var client = await ConnectAsync();
        await client.RequestAsync(1, EndStream, Get(_seller.Authority, "/slow"));
        await _reached.Task;
        await ResetAsync(client);
        _go.SetResult();

        await _proxy.StopAsync();
        Assert.Single(_proxy.Journal(), line => line.Entry is JournalEntry.Recorded { Event: LedgerEvent.Settled });
    }

    public async ValueTask DisposeAsync()
    {
        _go.TrySetResult();
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
    }

    // The head and half of a version 1 document, and the rest when told.
    private async Task AskByHalvesAsync(HttpContext context)
    {
        var body = Encoding.UTF8.GetBytes(Terms.Body);
        context.Response.StatusCode = 402;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.AsMemory(0, 100));
        await context.Response.Body.FlushAsync();
        _reached.TrySetResult();
        await _go.Task;
        await context.Response.Body.WriteAsync(body.AsMemory(100));
    }

    // The answer to a ping behind the reset says that the reset has been read.
    private static async Task ResetAsync(RawHttp2 client)
    {
        await client.SendAsync([.. Frame(Http2Type.Reset, 0, 1, Number(8)), .. Frame(Http2Type.Ping, 0, 0, new byte[8])]);
        while (await client.ReadAsync() is { } frame && !(frame.Type == Http2Type.Ping && frame.Flags == Ack))
        {
        }
    }

    private async Task AssertServedAsync(RawHttp2 client)
    {
        const int Next = 1_001;
        await client.RequestAsync(Next, EndStream, Get(_seller.Authority, "/free"));
        Assert.Equal("200", await client.EndOfAsync(Next));
    }

    private Task<RawHttp2> ConnectAsync() =>
        RawHttp2.ConnectAsync(_proxy.Proxy.Port, _seller.Authority, "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"me:{_proxy.TokenOf("me")}")));
}
