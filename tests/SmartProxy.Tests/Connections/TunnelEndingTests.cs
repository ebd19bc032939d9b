using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Connections;
using SmartProxy.Policies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Connections;

/// <summary>An open tunnel lasts as long as what it was opened on: its token, the policy, the process.</summary>
public sealed class TunnelEndingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Endings => new()
    {
        { "blind", "revoked" }, { "blind", "policy" }, { "blind", "shutdown" },
        { "waiting", "revoked" }, { "waiting", "policy" }, { "waiting", "shutdown" },
        { "served", "revoked" }, { "served", "policy" }, { "served", "shutdown" },
    };

    [Theory, MemberData(nameof(Endings))]
    public async Task An_open_tunnel_ends_when_its_ground_is_gone(string state, string cause)
    {
        using var origin = new RawOrigin("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        if (state == "blind")
        {
            proxy.Policy.Swap(TunnelTreatment.Blind);
        }

        using var client = await proxy.OpenTunnelAsync(origin.Authority, Token);
        if (state != "waiting")
        {
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: {origin.Authority}\r\n\r\n", Token);
            await client.ReadMessageAsync(Token);
        }

        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, Token);
        var stopped = Task.CompletedTask;
        switch (cause)
        {
            case "revoked":
                proxy.Agents.Revoke();
                break;
            case "policy":
                proxy.Policy.Swap(TunnelTreatment.Refuse);
                break;
            default:
                stopped = proxy.StopAsync(soon.Token);
                break;
        }

        await client.ReadToEndAsync(soon.Token);
        await stopped;
        Assert.False(soon.IsCancellationRequested);
    }

    [Fact]
    public async Task A_policy_that_treats_a_tunnel_the_same_leaves_it_open()
    {
        using var origin = new RawOrigin("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = await proxy.OpenTunnelAsync(origin.Authority, Token);
        proxy.Policy.Swap(TunnelTreatment.Intercept);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {origin.Authority}\r\n\r\n", Token);

        Assert.EndsWith("ok", await client.ReadMessageAsync(Token), StringComparison.Ordinal);
        Assert.Single(proxy.Services.GetRequiredService<TunnelRegistry>().Open);
    }
}
