using Microsoft.AspNetCore.Http;
using SmartProxy.Ledger;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Sellers that take the money and break off, or send nothing, over real sockets.</summary>
public sealed class DeliveryEndToEndTests : IAsyncLifetime
{
    private ScriptedSeller _seller = null!;
    private RunningProxy _proxy = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: true);
        _proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = OddWorld.PolicyFor(_seller.Authority), Agents = ["a-1"] });
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
    }

    [Fact]
    public async Task Truncated_empty_and_whole_answers_are_told_apart()
    {
        _seller.Sell("/whole", ScriptedSeller.DeliverAsync);
        _seller.Sell("/empty", context =>
        {
            context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
            return context.Response.Body.FlushAsync(Cancellation); // chunked: the head says nothing about a length
        });
        var halfArrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _seller.Sell("/truncated", async context =>
        {
            context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("half", Cancellation);
            await context.Response.Body.FlushAsync(Cancellation);
            await halfArrived.Task.WaitAsync(Cancellation); // an abort takes back what has not left yet
            context.Abort();
        });
        _seller.Sell("/none", context =>
        {
            context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
            context.Response.StatusCode = 204;
            return Task.CompletedTask;
        });

        using var client = _proxy.As("a-1");
        using (var answer = await client.GetAsync(_seller.Url + "/truncated", HttpCompletionOption.ResponseHeadersRead, Cancellation))
        {
            var body = await answer.Content.ReadAsStreamAsync(Cancellation);
            await body.ReadExactlyAsync(new byte[4], Cancellation);
            halfArrived.SetResult();
            await Assert.ThrowsAnyAsync<Exception>(async () => await body.ReadExactlyAsync(new byte[96], Cancellation)); // the agent sees what the seller did
        }

        foreach (var path in new[] { "/whole", "/empty", "/none" })
        {
            await client.GetByteArrayAsync(_seller.Url + path, Cancellation);
        }

        await _proxy.StopAsync();
        var lines = _proxy.Journal();
        var paths = lines.Select(line => line.Entry).OfType<JournalEntry.Reserved>().ToDictionary(reserved => reserved.Id, reserved => reserved.Context.Path);
        Assert.Equal(
            ["/empty empty", "/truncated truncated"],
            lines.Select(line => (line.Entry as JournalEntry.Recorded)?.Event).OfType<LedgerEvent.Undelivered>().Select(undelivered => $"{paths[undelivered.Payment]} {undelivered.Why}").Order(StringComparer.Ordinal));
    }
}
