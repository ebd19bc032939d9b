using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Options;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>Connections to origins are counted, for one agent and for all: what is kept makes room, and what is in use is no other agent's trouble.</summary>
public sealed class OriginPlacesTests : IAsyncDisposable
{
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _arrived = new(0);
    private TestOrigin? _origin;
    private ProxyFixture? _proxy;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private OriginPlaces Places => _proxy!.Services.GetRequiredService<OriginPlaces>();

    [Fact]
    public async Task Who_asks_many_hosts_once_keeps_few_connections_and_is_served_again_soon()
    {
        await StartAsync(options => (options.MaxConnectionsPerAgent, options.ConnectSeconds) = (4, 1));
        for (var i = 0; i < 4; i++)
        {
            await AnswerAsync($"h{i}.test", "/", FakeAuthenticator.Basic, "200");
        }

        await AnswerAsync("h4.test", "/", FakeAuthenticator.Basic, "429");
        Assert.Equal(4, Places.Taken);
        await AnswerAsync("h4.test", "/", FakeAuthenticator.OtherBasic, "200");
        while (await StatusAsync("h4.test") == "429")
        {
            Assert.InRange(Places.Taken, 1, 5);
        }

        Assert.Equal("200", await StatusAsync("h5.test"));
    }

    [Fact]
    public async Task Connections_in_use_of_one_agent_are_bounded_and_another_agent_is_served()
    {
        await StartAsync(options => options.MaxConnectionsPerAgent = 2);
        using var first = await AskAsync("a.test", "/wait", FakeAuthenticator.Basic);
        using var second = await AskAsync("b.test", "/wait", FakeAuthenticator.Basic);
        await ArrivedAsync(2);

        var refused = await AnswerAsync("c.test", "/", FakeAuthenticator.Basic, "429");
        Assert.Contains("\"reason\":\"too_many_upstream_connections\"", refused, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 5", refused, StringComparison.Ordinal);
        await AnswerAsync("c.test", "/", FakeAuthenticator.OtherBasic, "200");

        _go.SetResult();
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadMessageAsync(Stop), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await second.ReadMessageAsync(Stop), StringComparison.Ordinal);
        await AnswerAsync("a.test", "/", FakeAuthenticator.Basic, "200");
    }

    [Fact]
    public async Task Blind_tunnels_take_places_too_and_give_them_back()
    {
        await StartAsync(options => options.MaxConnectionsPerAgent = 1);
        _proxy!.Policy.Swap(TunnelTreatment.Blind);
        using (await _proxy!.OpenTunnelAsync(_origin!.Authority, Stop))
        {
            using var client = await _proxy!.ConnectAsync(Stop);
            await client.SendAsync($"CONNECT {_origin!.Authority} HTTP/1.1\r\nHost: {_origin!.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Stop);
            Assert.Contains("too_many_upstream_connections", await client.ReadToEndAsync(Stop), StringComparison.Ordinal);
        }

        while (Places.Taken > 0)
        {
            await Task.Delay(5, Stop);
        }

        (await _proxy!.OpenTunnelAsync(_origin!.Authority, Stop)).Dispose();
    }

    [Fact]
    public void When_half_of_all_places_are_taken_whoever_holds_most_loses_what_is_only_kept()
    {
        var (places, ended) = (new OriginPlaces(Microsoft.Extensions.Options.Options.Create(new UpstreamOptions { MaxConnections = 8, MaxConnectionsPerAgent = 4 })), new List<string>());
        foreach (var (agent, count) in new[] { ("me", 2), ("you", 1), ("third", 1), ("fourth", 1) })
        {
            places.Keep(new AgentId(agent), () => ended.Add(agent));
            Assert.Equal([], ended);
            Enumerable.Range(0, count).ToList().ForEach(_ => places.Take(new AgentId(agent), default));
        }

        Assert.Equal(["me"], ended);
    }

    [Fact]
    public async Task When_all_places_are_in_use_the_next_one_is_told_when_to_come_again()
    {
        await StartAsync(options => options.MaxConnections = 2);
        using var mine = await AskAsync("a.test", "/wait", FakeAuthenticator.Basic);
        using var yours = await AskAsync("b.test", "/wait", FakeAuthenticator.OtherBasic);
        await ArrivedAsync(2);

        _proxy!.Agents.Others["Basic third"] = "third";
        Assert.Contains("\"reason\":\"overloaded\"", await AnswerAsync("c.test", "/", "Basic third", "503"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_agents_request_travels_on_a_connection_of_another()
    {
        await StartAsync(_ => { });
        var mine = await AnswerAsync("a.test", "/who", FakeAuthenticator.Basic, "200");
        Assert.Equal(Body(mine), Body(await AnswerAsync("a.test", "/who", FakeAuthenticator.Basic, "200")));
        Assert.NotEqual(Body(mine), Body(await AnswerAsync("a.test", "/who", FakeAuthenticator.OtherBasic, "200")));
    }

    public async ValueTask DisposeAsync()
    {
        _go.TrySetResult();
        await (_proxy?.DisposeAsync() ?? default);
        await (_origin?.DisposeAsync() ?? default);
        _arrived.Dispose();
    }

    private async Task StartAsync(Action<UpstreamOptions> limits)
    {
        _origin = await TestOrigin.StartAsync(ServeAsync, tls: false);
        _proxy = await ProxyFixture.StartAsync([_origin!.Port], limits);
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Path == "/wait")
        {
            _arrived.Release();
            await _go.Task;
        }

        context.Response.ContentLength = context.Connection.Id.Length;
        await context.Response.WriteAsync(context.Connection.Id);
    }

    private async Task ArrivedAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _arrived.WaitAsync(Stop);
        }
    }

    private async Task<RawClient> AskAsync(string host, string path, string credentials)
    {
        var client = await _proxy!.ConnectAsync(Stop);
        await client.SendAsync($"GET http://{host}:{_origin!.Port}{path} HTTP/1.1\r\nHost: {host}:{_origin!.Port}\r\nProxy-Authorization: {credentials}\r\n\r\n", Stop);
        return client;
    }

    private async Task<string> AnswerAsync(string host, string path, string credentials, string status)
    {
        using var client = await AskAsync(host, path, credentials);
        var answer = await client.ReadMessageAsync(Stop);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        return answer;
    }

    private async Task<string> StatusAsync(string host)
    {
        using var client = await AskAsync(host, "/", FakeAuthenticator.Basic);
        return (await client.ReadMessageAsync(Stop)).Split(' ')[1];
    }

    private static string Body(string answer) => answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
}
