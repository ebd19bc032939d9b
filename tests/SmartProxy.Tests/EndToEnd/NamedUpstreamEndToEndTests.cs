using System.Net;
using SmartProxy.Ledger;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>An agent that trusts no CA of ours and sets a base URL: the whole product pays for it as for every other, and lets it pay as little by itself.</summary>
public sealed class NamedUpstreamEndToEndTests : IAsyncLifetime
{
    private ScriptedSeller _seller = null!;
    private RunningProxy _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: true);
        _seller.Sell("/v1/paid", ScriptedSeller.DeliverAsync);
        _proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = $$"""
                { "networks": ["base-sepolia"],
                  "merchants": { "shop": { "hosts": ["{{_seller.Authority}}"], "recipients": "any", "upstream": "{{_seller.Url}}/v1" } },
                  "agents": { "me": { "allow": ["shop"], "limits": { "day": "1.00" } } } }
                """,
        });
    }

    [Fact]
    public async Task A_request_for_a_named_upstream_is_paid_once_and_booked()
    {
        using var answer = await AskAsync(ownPayment: null);

        Assert.Equal((HttpStatusCode.OK, "delivered"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Stop)));
        Assert.StartsWith("0.01;", Assert.Single(answer.Headers.GetValues("Smart-Proxy-Paid")), StringComparison.Ordinal);
        Assert.Equal(2, _seller.Seen("/v1/paid").Count);
        Assert.Single(_seller.PaymentsAt("/v1/paid"));
        Assert.All(_seller.Seen("/v1/paid"), request => Assert.DoesNotContain("Smart-Proxy-Token", request.Headers.Keys, StringComparer.OrdinalIgnoreCase));
        await _proxy.StopAsync();
        Assert.Single(_proxy.Journal(), line => line.Entry is JournalEntry.Reserved);
        Assert.Single(_proxy.Journal(), line => line.Entry is JournalEntry.Recorded { Event: LedgerEvent.Settled });
    }

    [Theory]
    [InlineData("X-PAYMENT")]
    [InlineData("PAYMENT-SIGNATURE")]
    public async Task An_agents_own_payment_is_refused_and_reaches_no_seller(string header)
    {
        using var answer = await AskAsync(header);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("agent_payment_refused", await answer.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Empty(_seller.Seen("/v1/paid"));
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
    }

    private async Task<HttpResponseMessage> AskAsync(string? ownPayment)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_proxy.Proxy, "/u/shop/paid")) { Headers = { { "Smart-Proxy-Token", _proxy.TokenOf("me") } } };
        if (ownPayment is not null)
        {
            request.Headers.Add(ownPayment, "mine");
        }

        return await client.SendAsync(request, Stop);
    }
}
