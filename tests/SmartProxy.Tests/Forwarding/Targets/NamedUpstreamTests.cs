using SmartProxy.Forwarding.Targets;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding.Targets;

/// <summary>The entry for clients that set a base URL: everything behind it is the one data path.</summary>
public sealed class NamedUpstreamTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/u/exa", "exa", "", "/v1/")]
    [InlineData("/u/exa/", "exa", "/", "/v1/")]
    [InlineData("/u/exa?q=1", "exa", "?q=1", "/v1/?q=1")]
    [InlineData("/u/exa/search?q=%41", "exa", "/search?q=%41", "/v1/search?q=%41")]
    [InlineData("/u/exa//a/../b|c", "exa", "//a/../b|c", "/v1//a/../b|c")]
    public void What_follows_the_name_travels_byte_for_byte(string target, string merchant, string rest, string atOrigin)
    {
        Assert.True(NamedUpstream.TrySplit(target, out var name, out var remainder));

        Assert.Equal((merchant, rest, atOrigin), (name, remainder, Upstream("/v1").TargetOf(remainder)));
    }

    [Theory]
    [InlineData("/v1/me")]
    [InlineData("/u")]
    [InlineData("/U/exa")]
    [InlineData("http://proxy/u/exa")]
    public void Nothing_else_is_an_upstream(string target) => Assert.False(NamedUpstream.TrySplit(target, out _, out _));

    [Theory]
    [InlineData("/v1", "https://api.exa.ai/v1/jobs/7", "/u/exa/jobs/7")]
    [InlineData("/v1", "https://API.exa.ai/v1?x", "/u/exa?x")]
    [InlineData("/v1", "https://api.exa.ai/v10", "https://api.exa.ai/v10")]
    [InlineData("/v1", "https://api.exa.ai.evil.example/v1/x", "https://api.exa.ai.evil.example/v1/x")]
    [InlineData("/v1", "https://api.exa.ai:8443/v1/x", "https://api.exa.ai:8443/v1/x")]
    [InlineData("/v1", "/v1/jobs/7", "/u/exa/jobs/7")]
    [InlineData("/v1", "/login", "https://api.exa.ai/login")]
    [InlineData("", "/login", "/u/exa/login")]
    [InlineData("/v1", "jobs/8", "jobs/8")]
    [InlineData("/v1", "//cdn.example/x", "//cdn.example/x")]
    [InlineData("/v1", "https://other.example/x", "https://other.example/x")]
    public void A_location_leads_back_through_the_proxy_or_away_in_full(string basePath, string location, string seen) =>
        Assert.Equal(seen, Upstream(basePath).LocationFor(location));

    [Fact]
    public async Task A_request_reaches_the_upstream_and_nothing_of_ours_does()
    {
        using var origin = new RawOrigin("HTTP/1.1 302 Found\r\nLocation: /v1/there\r\nSmart-Proxy-Receipt: forged\r\nContent-Length: 2\r\n\r\nok");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Policy.Upstreams["shop"] = Plain(origin.Port, "/v1");

        using var client = await proxy.ConnectAsync(Cancel);
        await client.SendAsync($"GET /u/shop/a%41?b HTTP/1.1\r\nHost: 127.0.0.1\r\nSmart-Proxy-Token: {FakeAuthenticator.Token}\r\nAuthorization: Bearer for-the-origin\r\n\r\n", Cancel);
        var answer = await client.ReadMessageAsync(Cancel);

        Assert.StartsWith("HTTP/1.1 302 ", answer, StringComparison.Ordinal);
        Assert.Contains("Location: /u/shop/there\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", answer, StringComparison.Ordinal);
        var received = await origin.Heads.Reader.ReadAsync(Cancel);
        Assert.StartsWith("GET /v1/a%41?b HTTP/1.1\r\n", received, StringComparison.Ordinal);
        Assert.Contains($"Host: 127.0.0.1:{origin.Port}\r\n", received, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Authorization: Bearer for-the-origin\r\n", received, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Smart-Proxy-Token", received, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_402_of_an_upstream_goes_the_way_of_every_402()
    {
        using var origin = new RawOrigin("HTTP/1.1 402 Payment Required\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Policy.Upstreams["shop"] = Plain(origin.Port, "/v1");
        var seen = "";
        proxy.Flow.Script = call =>
        {
            seen = $"{call.Method} {call.Origin}{call.Target} for {call.Identity.Agent}";
            return call.AnswerAsync(new Refusal(403, "denied", "no"));
        };

        using var client = await proxy.ConnectAsync(Cancel);
        await client.SendAsync($"GET /u/shop/x HTTP/1.1\r\nHost: 127.0.0.1\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Cancel);
        var answer = await client.ReadMessageAsync(Cancel);

        Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
        Assert.Equal($"GET http://127.0.0.1:{origin.Port}/v1/x for me", seen);
    }

    [Theory]
    [InlineData("Smart-Proxy-Token: wrong", "shop", "Intercept", "401", "token_required")]
    [InlineData("Authorization: Bearer TOKEN", "shop", "Intercept", "401", "token_required")]
    [InlineData("Smart-Proxy-Token: TOKEN", "other", "Intercept", "404", "upstream_not_found")]
    [InlineData("Smart-Proxy-Token: TOKEN", "", "Intercept", "404", "upstream_not_found")]
    [InlineData("Smart-Proxy-Token: TOKEN", "shop", "Refuse", "403", "egress_not_allowed")]
    [InlineData("Smart-Proxy-Token: TOKEN", "shop", "RefusePort", "403", "port_not_allowed")]
    public async Task A_stranger_an_unknown_name_and_a_closed_egress_reach_nothing(string credential, string merchant, string treatment, string status, string reason)
    {
        using var origin = new RawOrigin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Policy.Upstreams["shop"] = Plain(origin.Port, "");
        proxy.Policy.Swap(Enum.Parse<TunnelTreatment>(treatment));

        using var client = await proxy.ConnectAsync(Cancel);
        await client.SendAsync($"GET /u/{merchant}/x HTTP/1.1\r\nHost: 127.0.0.1\r\n{credential.Replace("TOKEN", FakeAuthenticator.Token, StringComparison.Ordinal)}\r\n\r\n", Cancel);
        var answer = await client.ReadMessageAsync(Cancel);

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains(reason, answer, StringComparison.Ordinal);
        Assert.Equal(0, origin.Connections);
    }

    private static NamedUpstream Upstream(string basePath) => new("exa", Origin.TryParse("https://api.exa.ai", out var origin) ? origin : default, basePath);

    private static NamedUpstream Plain(int port, string basePath) => new("shop", Origin.TryParse($"http://127.0.0.1:{port}", out var origin) ? origin : default, basePath);
}
