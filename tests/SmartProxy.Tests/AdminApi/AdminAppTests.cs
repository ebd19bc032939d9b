using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.AdminApi;

public sealed class AdminAppTests : IAsyncLifetime
{
    private readonly ApiKit _kit = new();

    public ValueTask InitializeAsync() => _kit.InitializeAsync();

    public ValueTask DisposeAsync() => _kit.DisposeAsync();

    [Theory]
    [InlineData("evil.test", 421)]
    [InlineData("127.0.0.1.evil.test", 421)]
    [InlineData("localhost.", 200)]
    [InlineData("ADMIN.internal:8403", 200)]
    [InlineData("[::1]:8403", 200)]
    [InlineData("10.0.0.5:8403", 200)] // an address is nobody's to rebind
    public async Task A_rebound_name_is_turned_away(string host, int status)
    {
        var (answered, _) = await SendAsync(HttpMethod.Get, "/v1/agents", headers: ("Host", host));

        Assert.Equal(status, answered);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Origin", "https://evil.test")]
    [InlineData("Origin", "null")]
    public async Task A_page_of_another_site_changes_nothing(string header, string value)
    {
        var (status, _) = await SendAsync(HttpMethod.Post, "/v1/freeze", "{}", (header, value));

        Assert.Equal(403, status);
        Assert.Empty(_kit.Ledger.Recorded);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task A_body_that_a_form_could_send_changes_nothing(string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/freeze") { Content = new StringContent("{}", MediaTypeHeaderValue.Parse(contentType)) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _kit.AdminToken);
        using var answer = await _kit.Admin.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Empty(_kit.Ledger.Recorded);
    }

    [Fact]
    public async Task A_freeze_is_recorded_for_one_agent_or_for_all()
    {
        await SendAsync(HttpMethod.Post, "/v1/freeze", "{\"agent\":\"a\",\"reason\":\"odd spending\"}");
        await SendAsync(HttpMethod.Post, "/v1/unfreeze", "{}");

        Assert.Equal(
            [new LedgerEvent.Frozen(new AgentId("a"), "admin", "odd spending"), new LedgerEvent.Unfrozen(null, "admin", "")],
            _kit.Ledger.Recorded);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"agnet\":\"a\"}")]
    [InlineData("{\"agent\":\"a\",\"agent\":\"b\"}")]
    [InlineData("{\"agent\":\"NOT VALID\"}")]
    [InlineData("{\"agent\":null}")]
    [InlineData("{\"reason\":\"\\ud800\"}")]
    public async Task A_misspelt_order_is_refused_as_a_whole(string body)
    {
        var (status, _) = await SendAsync(HttpMethod.Post, "/v1/unfreeze", body);

        Assert.Equal(400, status);
        Assert.Empty(_kit.Ledger.Recorded);
    }

    [Fact]
    public async Task A_freeze_that_cannot_be_written_says_so()
    {
        _kit.Ledger.IsBroken = true;
        var (status, body) = await SendAsync(HttpMethod.Post, "/v1/freeze", "{}");

        Assert.Equal(503, status);
        Assert.Contains("ledger_unavailable", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_tells_degraded_from_failing()
    {
        Assert.Equal("ok", await HealthAsync(200));
        _kit.Troubles.Add("policies.json:3 was rejected");
        Assert.Equal("degraded", await HealthAsync(200));
        _kit.IsServing = false;
        Assert.Equal("failing", await HealthAsync(503));
    }

    [Fact]
    public async Task Labels_of_metrics_stay_bounded_whatever_strangers_send()
    {
        for (var i = 0; i < 1000; i++)
        {
            _kit.Metrics.Refused("reason_" + i);
        }

        _kit.Metrics.Refused("<script>\n");
        _kit.Metrics.Payment(PaymentOutcome.Paid, new Usd(10_000));
        var (_, text) = await SendAsync(HttpMethod.Get, "/metrics");

        Assert.Equal(Metrics.MaxReasons + 1, text.Split('\n').Count(line => line.StartsWith("smartproxy_refusals_total{", StringComparison.Ordinal)));
        Assert.Contains("smartproxy_spend_micro_usd_total 10000", text, StringComparison.Ordinal);
        Assert.Contains("smartproxy_ledger_sequence 41", text, StringComparison.Ordinal);
        Assert.DoesNotContain("script", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?count=0")]
    [InlineData("?count=501")]
    [InlineData("?agent=A")]
    [InlineData("?outcome=lost")]
    [InlineData("?since=yesterday")]
    [InlineData("?nosuch=1")]
    [InlineData("?agent=a&agent=b")]
    public async Task A_search_that_is_not_understood_is_refused(string query)
    {
        Assert.Equal(400, (await SendAsync(HttpMethod.Get, "/v1/payments" + query)).Status);
    }

    [Fact]
    public async Task A_search_is_handed_on_as_asked()
    {
        await SendAsync(HttpMethod.Get, "/v1/payments?agent=a&outcome=in_doubt&host=API.test&count=7&since=2026-01-31T00:00:00Z");

        Assert.Equal(
            new PaymentQuery(new AgentId("a"), "in_doubt", "api.test", new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero), Count: 7),
            _kit.Archive.Asked);
    }

    [Theory]
    [InlineData("GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n")]
    [InlineData("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")]
    public async Task The_operators_listener_is_no_proxy(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _kit.Admin.BaseAddress!.Port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());

        Assert.StartsWith("HTTP/1.1 400", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task<string> HealthAsync(int status)
    {
        var (answered, body) = await SendAsync(HttpMethod.Get, "/healthz");
        using var json = JsonDocument.Parse(body);
        Assert.Equal(status, answered);
        Assert.Equal(3, json.RootElement.GetProperty("blindTunnels").GetInt32());
        return json.RootElement.GetProperty("status").GetString()!;
    }

    private async Task<(int Status, string Body)> SendAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _kit.AdminToken);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Content = body is null ? null : new StringContent(body, MediaTypeHeaderValue.Parse("application/json"));
        using var answer = await _kit.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
