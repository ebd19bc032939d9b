using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Forwarding;
using SmartProxy.Forwarding.Attempts;
using SmartProxy.Ledger;
using SmartProxy.Storage;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>SIGTERM to the real process: what is signed is finished and booked, blind tunnels end, and it leaves with 0.</summary>
public sealed class DrainTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _paid = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _settle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ScriptedSeller _seller = null!;
    private ProxyProcess _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: false);
        _seller.Sell("/slow", DeliverLateAsync);
        _proxy = await ProxyProcess.StartAsync(_seller.Authority, new() { ["Connections:ShutdownSeconds"] = 600 });
    }

    [Theory(Timeout = 90_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_signed_is_finished_and_booked_before_the_process_leaves(bool agentStays)
    {
        using var agent = await BuyAsync();
        await _paid.Task.WaitAsync(TestContext.Current.CancellationToken);
        if (!agentStays)
        {
            agent.Dispose();
        }

        _proxy.Signal("TERM");
        await _proxy.UntilItAcceptsNobodyAsync();
        _settle.SetResult();

        if (agentStays)
        {
            Assert.StartsWith("HTTP/1.1 200 ", await agent.ReadHeadAsync(Stop), StringComparison.Ordinal);
        }

        await _proxy.EndedAsync();
        Assert.Equal(0, _proxy.ExitCode);
        Assert.Single(_seller.PaymentsAt("/slow"));
        Assert.Single(Journal().OfType<LedgerEvent.Settled>());
    }

    [Fact(Timeout = 90_000)]
    public async Task A_second_signal_waits_for_nobody_and_the_money_stays_held()
    {
        using var agent = await BuyAsync();
        await _paid.Task.WaitAsync(TestContext.Current.CancellationToken);
        _proxy.Signal("TERM");
        await _proxy.UntilItAcceptsNobodyAsync();
        _proxy.Signal("TERM");

        await _proxy.EndedAsync();
        Assert.Equal(0, _proxy.ExitCode);
        Assert.Single(Journal().OfType<LedgerEvent.Sent>());
        Assert.DoesNotContain(Journal(), told => told is LedgerEvent.Settled or LedgerEvent.Aborted);
        _settle.SetResult();
    }

    [Fact(Timeout = 90_000)]
    public async Task With_nothing_under_way_it_leaves_at_once_and_idle_tunnels_keep_nobody()
    {
        using var tunnel = await _proxy.ConnectAsync();
        await tunnel.SendAsync($"CONNECT {_seller.Authority} HTTP/1.1\r\nProxy-Authorization: {_proxy.CredentialsOf("me")}\r\n\r\n", Stop);
        Assert.StartsWith("HTTP/1.1 200 ", await tunnel.ReadHeadAsync(Stop), StringComparison.Ordinal);

        _proxy.Signal("TERM");
        Assert.Equal("", await tunnel.ReadToEndAsync(TestContext.Current.CancellationToken));
        await _proxy.EndedAsync();
        Assert.Equal(0, _proxy.ExitCode);
    }

    [Fact]
    public async Task A_challenge_that_comes_while_it_stops_is_not_paid()
    {
        using var origin = new RawOrigin("HTTP/1.1 402 Payment Required\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Flow.Script = _ => throw new InvalidOperationException("a payment began");
        var nothingUnderWay = proxy.Services.GetRequiredService<Exchanges>().CloseAsync();
        Assert.True(nothingUnderWay.IsCompletedSuccessfully);

        using var client = await proxy.ConnectAsync(Stop);
        await client.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Stop);
        var answer = await client.ReadMessageAsync(Stop);
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"shutting_down\"", answer, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _settle.TrySetResult();
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
    }

    private async Task DeliverLateAsync(HttpContext context)
    {
        _paid.TrySetResult();
        await _settle.Task;
        await ScriptedSeller.DeliverAsync(context);
    }

    private async Task<RawClient> BuyAsync()
    {
        var agent = await _proxy.ConnectAsync();
        await agent.SendAsync($"GET {_seller.Url}/slow HTTP/1.1\r\nHost: {_seller.Authority}\r\nProxy-Authorization: {_proxy.CredentialsOf("me")}\r\n\r\n", Stop);
        return agent;
    }

    private IReadOnlyList<LedgerEvent> Journal()
    {
        var lines = new List<JournalLine>();
        Assert.Null(LedgerVerify.Check(_proxy.Data.Path, lines.Add).Problem);
        return [.. lines.Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(recorded => recorded.Event)];
    }
}
