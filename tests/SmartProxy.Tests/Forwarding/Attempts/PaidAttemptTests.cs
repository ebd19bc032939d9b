using System.Net;
using Microsoft.AspNetCore.Http;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using static SmartProxy.Tests.Forwarding.Sellers;

namespace SmartProxy.Tests.Forwarding.Attempts;

/// <summary>What a paid attempt survives, and what its end says of the money.</summary>
public sealed class PaidAttemptTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_agents_disconnect_does_not_abort_the_paid_attempt(int clientVersion)
    {
        var paidArrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayAnswer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var originSawAbort = false;
        await using var origin = await TestOrigin.StartAsync(async context =>
        {
            if (!context.Request.Headers.ContainsKey("X-PAYMENT"))
            {
                await Challenge(context);
                return;
            }

            paidArrived.SetResult();
            await mayAnswer.Task;
            originSawAbort = context.RequestAborted.IsCancellationRequested;
            context.Response.Headers["PAYMENT-RESPONSE"] = "settled";
            await context.Response.WriteAsync("paid");
        });
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        var settlement = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        proxy.Flow.Script = async call =>
        {
            var paid = await call.SendPaidAsync("X-PAYMENT", "x", head =>
            {
                settlement.TrySetResult(head.Values("PAYMENT-RESPONSE").Single());
                return ScriptedFlow.Pass;
            });
            proxy.Flow.Paid.SetResult(paid);
        };
        using var client = proxy.CreateClient(new Version(clientVersion, clientVersion == 1 ? 1 : 0));
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var request = client.GetAsync(origin.Url, leave.Token);
        await paidArrived.Task.WaitAsync(Token);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        client.Dispose();
        mayAnswer.SetResult();

        Assert.Equal("settled", await settlement.Task.WaitAsync(Patience, Token));
        Assert.Equal(200, (await proxy.Flow.Paid.Task.WaitAsync(Patience, Token)).Head!.Status);
        Assert.False(originSawAbort);
    }

    [Fact]
    public async Task A_paid_attempt_that_met_no_origin_was_never_sent()
    {
        await using var origin = await TestOrigin.StartAsync(context =>
        {
            context.Response.Headers.Connection = "close";
            return Challenge(context);
        });
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        PaidAttempt? paid = null;
        proxy.Flow.Script = async call =>
        {
            proxy.Resolve = _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1")]);
            paid = await call.SendPaidAsync("X-PAYMENT", "x", _ => ScriptedFlow.Pass);
        };
        using var client = proxy.CreateClient();

        using var response = await client.GetAsync(origin.Url, Token);

        Assert.Equal((true, true, false), (paid!.Head is null, paid.NeverSent, paid.IsComplete));
    }

    [Fact]
    public async Task A_paid_attempt_whose_answer_was_lost_may_have_been_sent()
    {
        await using var origin = await TestOrigin.StartAsync(context =>
        {
            if (context.Request.Headers.ContainsKey("X-PAYMENT"))
            {
                context.Abort();
                return Task.CompletedTask;
            }

            return Challenge(context);
        });
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        PaidAttempt? paid = null;
        proxy.Flow.Script = async call => paid = await call.SendPaidAsync("X-PAYMENT", "x", _ => ScriptedFlow.Pass);
        using var client = proxy.CreateClient();

        using var response = await client.GetAsync(origin.Url, Token);

        Assert.Equal((true, false), (paid!.Head is null, paid.NeverSent));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task A_paid_answer_that_breaks_off_is_not_complete_to_anyone()
    {
        var headSeen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = await TestOrigin.StartAsync(async context =>
        {
            if (!context.Request.Headers.ContainsKey("X-PAYMENT"))
            {
                await Challenge(context);
                return;
            }

            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            await headSeen.Task;
            context.Abort();
        });
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Flow.Script = async call => proxy.Flow.Paid.SetResult(await call.SendPaidAsync("X-PAYMENT", "x", _ =>
        {
            headSeen.SetResult();
            return ScriptedFlow.Pass;
        }));
        using var client = proxy.CreateClient();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync(origin.Url, Token));

        Assert.Equal((200, false), ((await proxy.Flow.Paid.Task.WaitAsync(Token)).Head!.Status, (await proxy.Flow.Paid.Task).IsComplete));
    }
}
