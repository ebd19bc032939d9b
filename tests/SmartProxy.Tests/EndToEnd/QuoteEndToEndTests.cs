using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SmartProxy.Ledger;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>A quote through the real proxy, in each of its four forms: it asks unpaid, says what would happen, and leaves nothing behind.</summary>
public sealed class QuoteEndToEndTests : IAsyncLifetime
{
    private ScriptedSeller _seller = null!;
    private ScriptedSeller _plain = null!;
    private RunningProxy _proxy = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _seller = await ScriptedSeller.StartAsync(tls: true);
        _plain = await ScriptedSeller.StartAsync(tls: false);
        foreach (var seller in (ScriptedSeller[])[_seller, _plain])
        {
            seller.Sell("/paid", ScriptedSeller.DeliverAsync);
            seller.On("/unknown", context =>
            {
                context.Response.StatusCode = 402;
                return context.Response.WriteAsync("send a cheque");
            });
        }

        _proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = OddWorld.PolicyFor(_seller.Authority, _plain.Authority) });
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _seller.DisposeAsync();
        await _plain.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_the_header_a_request_is_sent_unpaid_and_answered_with_what_it_would_cost(bool tls)
    {
        var seller = tls ? _seller : _plain;
        using var client = _proxy.As("me");
        using var answer = await client.SendAsync(Quoting(seller.Url + "/paid?key=secret"), Cancellation);
        var quote = await JsonAsync(answer);

        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.True(quote.GetProperty("wouldPay").GetBoolean());
        Assert.Equal("0.01", quote.GetProperty("price").GetString());
        Assert.Equal(seller.Url + "/paid", quote.GetProperty("url").GetString()); // a query may hold secrets
        Assert.False(answer.Headers.Contains("Smart-Proxy-Receipt"));
        await AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task With_the_header_an_answer_that_costs_nothing_passes_as_it_is()
    {
        using var client = _proxy.As("me");
        using var answer = await client.SendAsync(Quoting(_seller.Url + "/free"), Cancellation);
        using var unpayable = await client.SendAsync(Quoting(_seller.Url + "/unknown"), Cancellation);

        Assert.Equal("free", await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal((HttpStatusCode.PaymentRequired, "send a cheque"), (unpayable.StatusCode, await unpayable.Content.ReadAsStringAsync(Cancellation)));
        Assert.DoesNotContain(_seller.Seen("/free"), seen => seen.Headers.ContainsKey("Smart-Proxy-Mode"));
    }

    [Fact]
    public async Task Another_mode_is_refused_and_nothing_is_sent()
    {
        using var client = _proxy.As("me");
        using var request = new HttpRequestMessage(HttpMethod.Get, _seller.Url + "/paid") { Headers = { { "Smart-Proxy-Mode", "Quote" } } };
        using var answer = await client.SendAsync(request, Cancellation);

        Assert.Equal("mode_not_supported", (await JsonAsync(answer)).GetProperty("reason").GetString());
        Assert.Empty(_seller.Seen("/paid"));
    }

    [Fact]
    public async Task The_agents_own_page_quotes_a_request_that_the_body_describes()
    {
        var (status, quote) = await _proxy.PostAsync("/v1/quote", $$"""{"url":"{{_seller.Url}}/paid","method":"POST","headers":{"Accept":"text/plain"},"body":"hello"}""", agent: "me");
        var (freeStatus, free) = await _proxy.PostAsync("/v1/quote", $$"""{"url":"{{_seller.Url}}/free"}""", agent: "me");
        var (_, unknown) = await _proxy.PostAsync("/v1/quote", $$"""{"url":"{{_seller.Url}}/unknown"}""", agent: "me");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (status, freeStatus));
        Assert.True(quote.GetProperty("wouldPay").GetBoolean());
        Assert.Equal((true, false, 200), (free.GetProperty("isFree").GetBoolean(), free.GetProperty("wouldPay").GetBoolean(), free.GetProperty("status").GetInt32()));
        Assert.Equal("unknown protocol", unknown.GetProperty("unpaid").GetString());
        var seen = Assert.Single(_seller.Seen("/paid"));
        Assert.Equal(("POST", "text/plain", "hello"), (seen.Method, seen.Headers["Accept"], System.Text.Encoding.UTF8.GetString(seen.Body)));
        Assert.DoesNotContain(seen.Headers.Keys, name => name is "Authorization" or "Smart-Proxy-Token" or "Smart-Proxy-Mode");
        await AssertNothingHappenedAsync();
    }

    [Theory]
    [InlineData("http://10.0.0.1/", "destination_not_allowed")]
    [InlineData("http://169.254.169.254/latest/meta-data", "destination_not_allowed")]
    [InlineData("https://127.0.0.1:1/", "port_not_allowed")]
    public async Task A_quote_reaches_nothing_that_other_traffic_does_not(string url, string reason)
    {
        var (_, agent) = await _proxy.PostAsync("/v1/quote", $$"""{"url":"{{url}}"}""", agent: "me");
        var (_, admin) = await _proxy.PostAsync("/v1/quote", $$"""{"agent":"me","url":"{{url}}"}""");

        Assert.Equal((reason, reason), (agent.GetProperty("reason").GetString(), admin.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task A_quote_dials_this_machine_under_no_notation()
    {
        await using var closed = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = OddWorld.PolicyFor(_seller.Authority, _plain.Authority),
            Settings = new Dictionary<string, string?> { ["Egress:Allow:0"] = "203.0.113.1:1" },
        });

        foreach (var notation in Network.NotationTests.Spellings)
        {
            var (_, answer) = await closed.PostAsync("/v1/quote", JsonSerializer.Serialize(new { url = $"http://{notation}/" }), agent: "me");
            var reason = answer.TryGetProperty("reason", out var text) ? text.GetString() : answer.GetRawText();

            // Each of them is said before anything is dialled.
            Assert.True(reason is "destination_not_allowed" or "bad_body" or "upstream_dns_failed" or "port_not_allowed", $"{notation}: {reason}");
        }
    }

    /// <summary>A described request was never read from a wire: what no wire could carry must not get out, or it would be a second request.</summary>
    [Theory]
    [InlineData(""" {"X-A": "1\r\n\r\nPOST /free HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"} """)]
    [InlineData(""" {"X-A": "1\r\nX-PAYMENT: e30="} """)]
    [InlineData(""" {"X-A": "1\n2"} """)]
    [InlineData(""" {"X-A": "1\u00002"} """)]
    [InlineData(""" {"X-A": "1\u007f"} """)]
    [InlineData(""" {"X-A": "\u010a\u560d\u560a"} """)]
    [InlineData(""" {"X-A": "\ud800"} """)]
    [InlineData(""" {"X\r\nY": "1"} """)]
    [InlineData(""" {"Content_Length": "1"} """)]
    public async Task A_quote_puts_nothing_on_the_wire_that_no_wire_could_have_brought(string headers)
    {
        var (agent, _) = await _proxy.PostAsync("/v1/quote", $$"""{"url":"{{_seller.Url}}/paid","headers":{{headers}}}""", agent: "me");
        var (admin, _) = await _proxy.PostAsync("/v1/quote", $$"""{"agent":"me","url":"{{_seller.Url}}/paid","headers":{{headers}}}""");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (agent, admin));
        Assert.Empty(_seller.Seen("/paid"));
        Assert.Empty(_seller.Seen("/free"));
    }

    [Theory]
    [InlineData("get")]
    [InlineData("GET /free HTTP/1.1\r\n")]
    public async Task A_quote_has_a_method_as_it_travels(string method)
    {
        var (status, _) = await _proxy.PostAsync("/v1/quote", $$"""{"url":"{{_seller.Url}}/paid","method":"{{method}}"}""", agent: "me");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Empty(_seller.Seen("/paid"));
    }

    [Fact]
    public async Task A_quote_does_not_reach_the_proxys_own_listeners()
    {
        var (_, answer) = await _proxy.PostAsync("/v1/quote", $$"""{"agent":"me","url":"http://127.0.0.1:{{_proxy.Admin.Port}}/v1/agents"}""");

        Assert.NotEqual("true", answer.TryGetProperty("isFree", out var free) ? free.GetRawText() : "none");
        Assert.Contains(answer.GetProperty("reason").GetString(), (string[])["destination_not_allowed", "port_not_allowed"]);
    }

    [Fact]
    public async Task A_payment_of_the_agents_own_is_refused_in_a_quote_too()
    {
        var (_, answer) = await _proxy.PostAsync("/v1/quote", $$$"""{"url":"{{{_seller.Url}}}/paid","headers":{"X-PAYMENT":"e30="}}""", agent: "me");

        Assert.Equal("agent_payment_refused", answer.GetProperty("reason").GetString());
        Assert.Empty(_seller.Seen("/paid"));
    }

    [Fact]
    public async Task The_command_prints_every_offer_with_its_limits()
    {
        var (code, output, error) = await _proxy.CommandAsync("quote", _seller.Url + "/paid", "--agent", "me");
        var (unknown, _, _) = await _proxy.CommandAsync("quote", _seller.Url + "/paid", "--agent", "nobody");

        Assert.Equal((0, "", 1), (code, error, unknown));
        Assert.StartsWith("would pay 0.01 USD", output, StringComparison.Ordinal);
        Assert.Contains("policies.small.limits.day: 1.00 of 1.00 left (0.00 spent, 0.00 held), 0.99 after", output, StringComparison.Ordinal);
        await AssertNothingHappenedAsync();
    }

    private async Task AssertNothingHappenedAsync()
    {
        Assert.Empty(_seller.PaymentsAt("/paid"));
        Assert.Empty(_plain.PaymentsAt("/paid"));
        await _proxy.StopAsync();
        Assert.DoesNotContain(_proxy.Journal(), line => line.Entry is JournalEntry.Reserved or JournalEntry.Recorded { Event: LedgerEvent.Refused });
    }

    private static HttpRequestMessage Quoting(string url) => new(HttpMethod.Get, url) { Headers = { { "Smart-Proxy-Mode", "quote" } } };

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        return document.RootElement.Clone();
    }
}
