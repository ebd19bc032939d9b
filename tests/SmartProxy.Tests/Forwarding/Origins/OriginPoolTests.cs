using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Forwarding.Origins;

namespace SmartProxy.Tests.Forwarding.Origins;

/// <summary>Ending what nobody uses disturbs nothing that is under way, over HTTP/1.1 and HTTP/2.</summary>
public sealed class OriginPoolTests
{
    private const int Callers = 8;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task An_answer_under_way_is_finished_and_the_next_one_comes_on_a_new_connection(string version)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = await StartAsync(go.Task);
        var time = new FakeTimeProvider();
        using var pool = new OriginPool(CreateHandler, Settle, time);
        using var client = new HttpMessageInvoker(pool);

        using var idle = await SendAsync(client, origin, "/", version);
        var first = await idle.Content.ReadAsStringAsync(Stop);
        using var underWay = await SendAsync(client, origin, "/wait", version);
        time.Advance(2 * Settle);
        pool.EndIdle();
        time.Advance(Settle);
        go.SetResult();
        Assert.Equal(first, await underWay.Content.ReadAsStringAsync(Stop));

        using var next = await SendAsync(client, origin, "/", version);
        Assert.NotEqual(first, await next.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Requests_that_begin_while_it_ends_are_all_answered(string version)
    {
        await using var origin = await StartAsync(Task.CompletedTask);
        using var pool = new OriginPool(CreateHandler, TimeSpan.FromSeconds(1), TimeProvider.System);
        using var client = new HttpMessageInvoker(pool);
        var connections = new ConcurrentDictionary<string, bool>();
        await Parallel.ForAsync(0, Callers, new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = Stop }, async (_, _) =>
        {
            // Until it has ended them three times.
            while (connections.Count <= 3 * (version == "2.0" ? 1 : Callers))
            {
                pool.EndIdle();
                using var answer = await SendAsync(client, origin, "/", version);
                connections[await answer.Content.ReadAsStringAsync(Stop)] = true;
            }
        });
    }

    private static Task<TestOrigin> StartAsync(Task go) => TestOrigin.StartAsync(
        async context =>
        {
            await context.Response.Body.FlushAsync();
            await (context.Request.Path == "/wait" ? go : Task.CompletedTask);
            await context.Response.WriteAsync(context.Connection.Id);
        },
        HttpProtocols.Http1AndHttp2);

    private static SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetSerialNumberString() == OriginCertificates.Server.SerialNumber;
        return handler;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker client, TestOrigin origin, string path, string version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{origin.Port}{path}")
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var answer = await client.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer;
    }
}
