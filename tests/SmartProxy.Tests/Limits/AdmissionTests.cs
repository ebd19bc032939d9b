using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Connections;
using SmartProxy.Options;
using SmartProxy.Policies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>What is counted has an end: for an agent with 429, for all with 503, and one agent's end is nobody else's.</summary>
public sealed class AdmissionTests : IAsyncDisposable
{
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TestOrigin _origin = null!;
    private ProxyFixture _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2, 100, "429", "too_many_requests")]
    [InlineData(1_000, 4, "429", "too_many_requests")] // no more than half of all
    public async Task Requests_under_way_of_one_agent_are_bounded_and_another_agent_is_served(int perAgent, int all, string status, string reason)
    {
        await StartAsync(options => (options.MaxRequestsPerAgent, options.MaxRequests) = (perAgent, all));
        using var first = await AskAsync("/wait", FakeAuthenticator.Basic);
        using var second = await AskAsync("/wait", FakeAuthenticator.Basic);
        await ArrivedAsync(2);

        Assert.Contains($"\"reason\":\"{reason}\"", await AnswerAsync("/", FakeAuthenticator.Basic, status), StringComparison.Ordinal);
        await AnswerAsync("/", FakeAuthenticator.OtherBasic, "200");

        _go.SetResult();
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadMessageAsync(Stop), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await second.ReadMessageAsync(Stop), StringComparison.Ordinal);
        await AnswerAsync("/", FakeAuthenticator.Basic, "200");
    }

    [Fact]
    public async Task When_all_requests_are_taken_the_next_one_is_told_when_to_come_again()
    {
        await StartAsync(options => options.MaxRequests = 2);
        using var mine = await AskAsync("/wait", FakeAuthenticator.Basic);
        using var yours = await AskAsync("/wait", FakeAuthenticator.OtherBasic);
        await ArrivedAsync(2);

        // Each agent has its half; a third one, or either of them, is one too many.
        _proxy.Agents.Others["Basic third"] = "third";
        var refused = await AnswerAsync("/", "Basic third", "503");
        Assert.Contains("\"reason\":\"overloaded\"", refused, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 5", refused, StringComparison.Ordinal);
        _go.SetResult();
        await mine.ReadMessageAsync(Stop);
        await AnswerAsync("/", "Basic third", "200");
    }

    [Fact]
    public async Task Tunnels_of_all_are_bounded_and_a_closed_one_makes_room()
    {
        await StartAsync(options => options.MaxTunnels = 2);
        using var mine = await _proxy.OpenTunnelAsync(_origin.Authority, Stop);
        Assert.Contains("too_many_tunnels", await ConnectAsync(FakeAuthenticator.Basic, "429"), StringComparison.Ordinal);
        using (await _proxy.OpenTunnelAsync(_origin.Authority, Stop, FakeAuthenticator.OtherBasic))
        {
            _proxy.Agents.Others["Basic third"] = "third";
            Assert.Contains("overloaded", await ConnectAsync("Basic third", "503"), StringComparison.Ordinal);
        }

        await UntilAsync(() => _proxy.Services.GetRequiredService<TunnelRegistry>().Open.Count == 1);
        (await _proxy.OpenTunnelAsync(_origin.Authority, Stop, "Basic third")).Dispose();
    }

    [Fact]
    public async Task Connections_of_one_agent_are_bounded_by_request_and_by_tunnel()
    {
        await StartAsync(options => options.MaxConnectionsPerAgent = 2);
        using var first = await AskAsync("/", FakeAuthenticator.Basic);
        await first.ReadMessageAsync(Stop);
        using var second = await _proxy.OpenTunnelAsync(_origin.Authority, Stop);

        Assert.Contains("too_many_connections", await ConnectAsync(FakeAuthenticator.Basic, "429"), StringComparison.Ordinal);
        var refused = await AnswerAsync("/", FakeAuthenticator.Basic, "429");
        Assert.Contains("too_many_connections", refused, StringComparison.Ordinal);
        Assert.Contains("Connection: close", refused, StringComparison.Ordinal);
        await AnswerAsync("/", FakeAuthenticator.OtherBasic, "200");
    }

    [Fact]
    public async Task A_newcomer_takes_the_place_of_the_connection_that_has_said_nothing_for_longest()
    {
        await StartAsync(options => options.MaxConnections = 8);
        var silent = new List<RawClient>();
        for (var i = 0; i < 8; i++)
        {
            silent.Add(await _proxy.ConnectAsync(Stop));
            await UntilAsync(() => _proxy.Services.GetRequiredService<ConnectionSlots>().Open == silent.Count);
        }

        using var speaks = await AskAsync("/", FakeAuthenticator.Basic);
        Assert.StartsWith("HTTP/1.1 200 ", await speaks.ReadMessageAsync(Stop), StringComparison.Ordinal);
        Assert.Equal("", await silent[0].ReadToEndAsync(Stop));

        // Who is known stays, whoever comes.
        for (var i = 0; i < 16; i++)
        {
            silent.Add(await _proxy.ConnectAsync(Stop));
        }

        Assert.Equal("", await silent[1].ReadToEndAsync(Stop));
        await speaks.SendAsync(RequestTo("/", FakeAuthenticator.Basic), Stop);
        Assert.StartsWith("HTTP/1.1 200 ", await speaks.ReadMessageAsync(Stop), StringComparison.Ordinal);
        silent.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task When_every_place_is_known_the_next_connection_hears_why()
    {
        await StartAsync(options => options.MaxConnections = 8);
        var known = new List<RawClient>();
        for (var i = 0; i < 8; i++)
        {
            known.Add(await AskAsync("/", i % 2 == 0 ? FakeAuthenticator.Basic : FakeAuthenticator.OtherBasic));
            await known[^1].ReadMessageAsync(Stop);
        }

        using var late = await _proxy.ConnectAsync(Stop);
        var refused = await late.ReadToEndAsync(Stop);
        Assert.StartsWith("HTTP/1.1 503 ", refused, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 5", refused, StringComparison.Ordinal);
        known.ForEach(client => client.Dispose());
        await UntilAsync(() => _proxy.Services.GetRequiredService<ConnectionSlots>().Open == 0);
        await AnswerAsync("/", FakeAuthenticator.Basic, "200");
    }

    [Fact]
    public async Task When_memory_is_short_nothing_further_comes_in()
    {
        await StartAsync(options => options.MemoryBytes = 1);

        Assert.Contains("\"reason\":\"overloaded\"", await AnswerAsync("/", FakeAuthenticator.Basic, "503"), StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"overloaded\"", await ConnectAsync(FakeAuthenticator.Basic, "503"), StringComparison.Ordinal);
    }

    /// <remarks>Each may leave a window of 16 MiB unread.</remarks>
    [Fact]
    public async Task Requests_of_one_agent_are_no_more_than_fit_into_its_part_of_the_memory_with_all_that_may_wait_for_them()
    {
        const int Window = 16 * 1024 * 1024;
        var memory = 2 * Environment.WorkingSet;
        await StartAsync(options => options.MemoryBytes = memory, upstream => upstream.WindowBytes = Window);
        var fit = (int)Math.Max(8, memory / 2 / (Window + KestrelSetup.AnswerBytes)) / 2;
        var waiting = new List<RawClient>();
        for (var i = 0; i < fit; i++)
        {
            waiting.Add(await AskAsync("/wait", FakeAuthenticator.Basic));
        }

        await ArrivedAsync(fit);
        await AnswerAsync("/", FakeAuthenticator.Basic, "429");
        await AnswerAsync("/", FakeAuthenticator.OtherBasic, "200");
        waiting.ForEach(client => client.Dispose());
    }

    [Theory(Timeout = 60_000)]
    [InlineData(TunnelTreatment.Intercept)]
    [InlineData(TunnelTreatment.Blind)]
    public async Task A_tunnel_ends_with_its_time_however_busy_it_is(object treatment)
    {
        await StartAsync(options => options.TunnelSeconds = 1);
        _proxy.Policy.Swap((TunnelTreatment)treatment);
        var opened = TimeProvider.System.GetTimestamp();
        using var tunnel = await _proxy.OpenTunnelAsync(_origin.Authority, Stop);
        var end = tunnel.ReadToEndAsync(Stop);
        while (!end.IsCompleted)
        {
            try
            {
                await tunnel.SendAsync($"GET / HTTP/1.1\r\nHost: {_origin.Authority}\r\n\r\n", TestContext.Current.CancellationToken);
            }
            catch (IOException)
            {
                break;
            }
        }

        Assert.StartsWith("HTTP/1.1 200 ", await end, StringComparison.Ordinal);
        Assert.True(TimeProvider.System.GetElapsedTime(opened) > TimeSpan.FromMilliseconds(900), "it ended before its time");
    }

    [Theory]
    [InlineData("Content-Length: 1000\r\n\r\nx", true)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", false)]
    public async Task A_body_of_announced_length_must_move_and_a_stream_may_trickle(string rest, bool isCut)
    {
        await StartAsync(options => (options.MinimumBytesPerSecond, options.RateGraceSeconds) = (1_000, 2));
        using var client = await _proxy.ConnectAsync(Stop);
        await client.SendAsync($"POST http://{_origin.Authority}/body HTTP/1.1\r\nHost: {_origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n{rest}", Stop);
        if (isCut)
        {
            Assert.StartsWith("HTTP/1.1 408 ", await client.ReadToEndAsync(Stop), StringComparison.Ordinal);
            return;
        }

        // For longer than the grace, at a rate that an announced body would be cut off for.
        for (var i = 0; i < 7; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), Stop);
            await client.SendAsync("1\r\ny\r\n", Stop);
        }

        await client.SendAsync("0\r\n\r\n", Stop);
        Assert.EndsWith("xyyyyyyy", await client.ReadMessageAsync(Stop), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _go.TrySetResult();
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private int _waiting;

    private async Task StartAsync(Action<ConnectionOptions> limits, Action<UpstreamOptions>? upstream = null)
    {
        _origin = await TestOrigin.StartAsync(ServeAsync, tls: false);
        _proxy = await ProxyFixture.StartAsync([_origin.Port], upstream, limits);
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Path == "/wait")
        {
            Interlocked.Increment(ref _waiting);
            await _go.Task;
        }

        var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
        context.Response.ContentLength = body.Length;
        await context.Response.WriteAsync(body);
    }

    private string RequestTo(string path, string credentials) =>
        $"GET http://{_origin.Authority}{path} HTTP/1.1\r\nHost: {_origin.Authority}\r\nProxy-Authorization: {credentials}\r\n\r\n";

    private async Task<RawClient> AskAsync(string path, string credentials)
    {
        var client = await _proxy.ConnectAsync(Stop);
        await client.SendAsync(RequestTo(path, credentials), Stop);
        return client;
    }

    private async Task<string> AnswerAsync(string path, string credentials, string status)
    {
        using var client = await AskAsync(path, credentials);
        var answer = await client.ReadMessageAsync(Stop);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        return answer;
    }

    private async Task<string> ConnectAsync(string credentials, string status)
    {
        using var client = await _proxy.ConnectAsync(Stop);
        await client.SendAsync($"CONNECT {_origin.Authority} HTTP/1.1\r\nHost: {_origin.Authority}\r\nProxy-Authorization: {credentials}\r\n\r\n", Stop);
        var answer = await client.ReadToEndAsync(Stop);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        return answer;
    }

    private Task ArrivedAsync(int count) => UntilAsync(() => Volatile.Read(ref _waiting) == count);

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, Stop);
        }
    }
}
