using System.Net;
using SmartProxy.Hosting;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>The proxy's own pages are no way around the counts: those of agents count as requests, and the operator's door has a bound of its own.</summary>
public sealed class OwnPageTests : IAsyncLifetime
{
    private ScriptedSeller _seller = null!;
    private RunningProxy _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: false);
        _seller.Sell("/paid", ScriptedSeller.DeliverAsync);
        _proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = OddWorld.PolicyFor(_seller.Authority),
            Agents = ["poor"],
            Settings = new Dictionary<string, string?> { ["Connections:MaxRequestsPerAgent"] = "2" },
        });
    }

    [Fact(Timeout = 60_000)]
    public async Task An_agents_own_pages_count_as_its_requests_before_a_body_is_read()
    {
        var body = $$"""{"url":"{{_seller.Url}}/paid"}""";
        using var first = await BeginQuoteAsync(body.Length);
        Assert.Equal(HttpStatusCode.OK, (await _proxy.PostAsync("/v1/quote", body, agent: "me")).Status); // counted once
        using var second = await BeginQuoteAsync(body.Length);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await _proxy.PostAsync("/v1/quote", body, agent: "me")).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await _proxy.OwnAsync("me", "/v1/me")).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await _proxy.OwnAsync("me", "/v1/receipts/none")).StatusCode);
        using (var client = _proxy.As("me"))
        {
            using var forwarded = await client.GetAsync(_seller.Url + "/free", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.TooManyRequests, forwarded.StatusCode);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await _proxy.PostAsync("/v1/quote", $$"""{"agent":"me","url":"{{_seller.Url}}/paid"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _proxy.OwnAsync("poor", "/v1/me")).StatusCode);

        await first.SendAsync(body, Stop);
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadHeadAsync(Stop), StringComparison.Ordinal);
        while ((await _proxy.OwnAsync("me", "/v1/me")).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(5, Stop);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task The_operators_door_takes_so_many_connections_and_ends_those_that_say_nothing()
    {
        var all = new List<RawClient>();
        for (var i = 0; i <= AdminServer.MaxConnections; i++)
        {
            all.Add(await RawClient.ConnectAsync(_proxy.Admin.Port, TestContext.Current.CancellationToken));
        }

        // Whichever is the one too many: it ends while all others are heard.
        var ends = all.ToDictionary(one => one.ReadToEndAsync(Stop));
        var tooMany = await Task.WhenAny(ends.Keys);
        Assert.Equal("", await tooMany);
        ends.Remove(tooMany);
        var (talkers, silent) = (ends.Take(AdminServer.MaxConnections / 2).ToList(), ends.Keys.Skip(AdminServer.MaxConnections / 2).ToList());
        await Task.WhenAll(talkers.Select(one => one.Value.SendAsync("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", Stop)));
        Assert.All(await Task.WhenAll(talkers.Select(one => one.Key)), said => Assert.StartsWith("HTTP/1.1 200 ", said, StringComparison.Ordinal));
        Assert.All(await Task.WhenAll(silent), said => Assert.Equal("", said));

        Assert.Contains("\"status\"", await _proxy.HealthAsync(), StringComparison.Ordinal);
        all.ForEach(one => one.Dispose());
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
    }

    // The server says `100 Continue` when somebody begins to read the body. A place comes back a moment after the answer that held it.
    private async Task<RawClient> BeginQuoteAsync(int length)
    {
        while (true)
        {
            var client = await RawClient.ConnectAsync(_proxy.Proxy.Port, Stop);
            await client.SendAsync(
                $"POST /v1/quote HTTP/1.1\r\nHost: 127.0.0.1\r\nSmart-Proxy-Token: {_proxy.TokenOf("me")}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n", Stop);
            var head = await client.ReadHeadAsync(Stop);
            if (head.StartsWith("HTTP/1.1 100 ", StringComparison.Ordinal))
            {
                return client;
            }

            Assert.StartsWith("HTTP/1.1 429 ", head, StringComparison.Ordinal);
            client.Dispose();
        }
    }
}
