using System.Net;
using Microsoft.AspNetCore.Http;
using SmartProxy.Policies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>Names whose servers are silent take places of the agent that asks for them, until the resolver comes back; nobody else waits for them.</summary>
public sealed class LookupTests : IAsyncLifetime
{
    private readonly ManualResetEventSlim _speak = new();
    private int _asking;
    private volatile bool _holdsPool;
    private TestOrigin _origin = null!;
    private ProxyFixture _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _origin = await TestOrigin.StartAsync(context => context.Response.WriteAsync("hello"), tls: false);
        _proxy = await ProxyFixture.StartAsync(
            [_origin.Port], upstream => (upstream.MaxLookups, upstream.MaxLookupsPerAgent) = (5, 2), egress: egress => egress.ResolveSeconds = 1);
        _proxy.Agents.Others["Basic third"] = "third";
        _proxy.Policy.Swap(TunnelTreatment.Blind);
        _proxy.Resolve = name =>
        {
            if (name.StartsWith("silent", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _asking);
                _holdsPool |= Thread.CurrentThread.IsThreadPoolThread;
                _speak.Wait();
            }

            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        };
    }

    [Fact]
    public async Task An_agent_that_asks_for_silent_names_is_refused_and_another_agent_is_served()
    {
        await Task.WhenAll(RefusedAsync("silent1.test", FakeAuthenticator.Basic, "502", "upstream_dns_failed"), RefusedAsync("silent2.test", FakeAuthenticator.Basic, "502", "upstream_dns_failed"));

        // Nobody waits for these two any more, and the resolver still does: their places are taken.
        await RefusedAsync("silent3.test", FakeAuthenticator.Basic, "429", "too_many_lookups");
        Assert.Contains("too_many_lookups", await AskAsync(_origin.Authority, FakeAuthenticator.Basic, "429"), StringComparison.Ordinal);
        await AskAsync($"127.0.0.1:{_origin.Port}", FakeAuthenticator.Basic, "200"); // nothing to look up
        await AskAsync(_origin.Authority, FakeAuthenticator.OtherBasic, "200");
        (await _proxy.OpenTunnelAsync(_origin.Authority, Stop, FakeAuthenticator.OtherBasic)).Dispose();

        Assert.False(_holdsPool, "a thread waits for the resolver that everybody needs");
        _speak.Set();
        while (!(await ConnectAsync(_origin.Authority, FakeAuthenticator.Basic)).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
        {
            await Task.Delay(5, Stop);
        }

        Assert.Equal(2, _asking);
    }

    [Fact]
    public async Task When_all_places_are_taken_the_next_agent_is_asked_to_wait()
    {
        _proxy.Agents.Others["Basic fourth"] = "fourth";
        string[] agents = [FakeAuthenticator.Basic, FakeAuthenticator.OtherBasic, "Basic third"];
        await Task.WhenAll(agents.Take(2).SelectMany(agent => (Task[])
            [RefusedAsync("silent1.test", agent, "502", "upstream_dns_failed"), RefusedAsync("silent2.test", agent, "502", "upstream_dns_failed")]));
        await RefusedAsync("silent1.test", agents[2], "502", "upstream_dns_failed");

        await RefusedAsync("silent1.test", "Basic fourth", "503", "overloaded");
    }

    [Fact]
    public async Task What_an_agent_asks_many_times_at_once_is_asked_once()
    {
        var asked = Enumerable.Range(0, 20).Select(_ => RefusedAsync("silent.test", FakeAuthenticator.Basic, "502", "upstream_dns_failed"));
        await Task.WhenAll(asked);

        Assert.Equal(1, _asking);
    }

    public async ValueTask DisposeAsync()
    {
        _speak.Set();
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private async Task RefusedAsync(string host, string credentials, string status, string reason)
    {
        var answer = await ConnectAsync($"{host}:{_origin.Port}", credentials);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains($"\"reason\":\"{reason}\"", answer, StringComparison.Ordinal);
    }

    private async Task<string> ConnectAsync(string authority, string credentials)
    {
        using var client = await _proxy.ConnectAsync(Stop);
        await client.SendAsync($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: {credentials}\r\n\r\n", Stop);
        var head = await client.ReadHeadAsync(Stop);
        return head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) ? head : head + await client.ReadToEndAsync(Stop);
    }

    private async Task<string> AskAsync(string authority, string credentials, string status)
    {
        using var client = await _proxy.ConnectAsync(Stop);
        await client.SendAsync($"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: {credentials}\r\nConnection: close\r\n\r\n", Stop);
        var answer = await client.ReadToEndAsync(Stop);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        return answer;
    }
}
