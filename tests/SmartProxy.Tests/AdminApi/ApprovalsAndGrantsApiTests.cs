using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.AdminApi;

/// <summary>Questions to people, grants and quotes on both APIs: who sees what, what is recorded by whom, and what is refused.</summary>
public sealed class ApprovalsAndGrantsApiTests(ApiKit kit) : IClassFixture<ApiKit>
{
    [Fact]
    public async Task An_answer_is_recorded_with_who_gave_it_and_why_and_is_good_for_as_long_as_the_rule_says()
    {
        var before = DateTimeOffset.UtcNow;

        var (status, _) = await PostAsync($"/v1/approvals/{FakeBooks.AskedByA}/approve", """{"reason":"known seller","by":"alice"}""");

        var answered = kit.Ledger.Recorded.OfType<LedgerEvent.ApprovalAnswered>().Last();
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((FakeBooks.AskedByA, true, "admin:alice", "known seller"), (answered.Approval, answered.Approved, answered.By, answered.Reason));
        Assert.InRange(answered.ExpiresAt, before.AddHours(1), DateTimeOffset.UtcNow.AddHours(1));
    }

    [Theory]
    [InlineData("deny", "{}", 400, "bad_body")]
    [InlineData("approve", """{"reson":"typo"}""", 400, "bad_body")]
    [InlineData("approve", """{"reason":1}""", 400, "bad_body")]
    [InlineData("approve", """{"by":""}""", 400, "bad_body")]
    public async Task An_answer_that_is_not_as_expected_is_refused(string word, string body, int status, string reason)
    {
        var (actual, answer) = await PostAsync($"/v1/approvals/{FakeBooks.AskedByA}/{word}", body);

        Assert.Equal((status, reason), ((int)actual, answer.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task An_answer_to_an_unknown_or_a_closed_question_changes_nothing()
    {
        var count = kit.Ledger.Recorded.Count;
        var (unknown, _) = await PostAsync("/v1/approvals/01jzzzzzzzzzzzzzzzzzzzzzzz/approve", "{}");
        kit.Books.State = ApprovalState.Expired;
        var (closed, answer) = await PostAsync($"/v1/approvals/{FakeBooks.AskedByA}/approve", "{}");
        kit.Books.State = ApprovalState.Open;

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Conflict, "approval_closed"), (unknown, closed, answer.GetProperty("reason").GetString()));
        Assert.Equal(count, kit.Ledger.Recorded.Count);
    }

    [Fact]
    public async Task An_agent_sees_the_questions_about_its_own_payments_and_no_word_of_the_operator()
    {
        using var answer = JsonDocument.Parse(await AgentAsync("/v1/me/approvals"));

        var approval = Assert.Single(answer.RootElement.GetProperty("approvals").EnumerateArray());
        Assert.Equal(FakeBooks.AskedByA.Value, approval.GetProperty("id").GetString());
        Assert.False(approval.TryGetProperty("by", out _));
        Assert.False(approval.TryGetProperty("reason", out _));
    }

    [Fact]
    public async Task An_agent_sees_the_grants_that_give_it_room_and_not_why()
    {
        using var answer = JsonDocument.Parse(await AgentAsync("/v1/me"));

        var grant = Assert.Single(answer.RootElement.GetProperty("grants").EnumerateArray());
        Assert.Equal(("agent:a", "4.00", "open"), (grant.GetProperty("owner").GetString(), grant.GetProperty("left").GetString(), grant.GetProperty("state").GetString()));
        Assert.False(grant.TryGetProperty("reason", out _));
    }

    [Fact]
    public async Task A_grant_is_recorded_with_owner_amount_end_author_and_reason()
    {
        var before = DateTimeOffset.UtcNow;

        var (status, _) = await PostAsync("/v1/grants", """{"owner":"group:lab","amount":"12.50","for":"2h","merchant":"exa","reason":"deadline","by":"bob"}""");

        var granted = kit.Ledger.Recorded.OfType<LedgerEvent.Granted>().Last();
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((BudgetOwner.Group("lab"), "exa", new Usd(12_500_000), "admin:bob", "deadline"), (granted.Owner, granted.Merchant, granted.Amount, granted.By, granted.Reason));
        Assert.InRange(granted.ExpiresAt, before.AddHours(2), DateTimeOffset.UtcNow.AddHours(2));
    }

    [Theory]
    [InlineData("""{"owner":"me","amount":"1.00","for":"2h","reason":"x"}""")] // no kind of owner
    [InlineData("""{"owner":"agent:me","amount":"0","for":"2h","reason":"x"}""")]
    [InlineData("""{"owner":"agent:me","amount":"-1","for":"2h","reason":"x"}""")]
    [InlineData("""{"owner":"agent:me","amount":"10000.01","for":"2h","reason":"x"}""")]
    [InlineData("""{"owner":"agent:me","amount":"1.00","for":"8d","reason":"x"}""")]
    [InlineData("""{"owner":"agent:me","amount":"1.00","for":"59s","reason":"x"}""")]
    [InlineData("""{"owner":"agent:me","amount":"1.00","for":"2h","reason":""}""")]
    [InlineData("""{"owner":"agent:me","amount":"1.00","for":"2h"}""")]
    [InlineData("""{"owner":"agent:me","amount":"1.00","for":"2h","reason":"x","until":"never"}""")]
    [InlineData("""{"owner":"agent:me","amount":"1.00","for":"2h","reason":"x","merchant":"*"}""")]
    public async Task A_grant_without_bounds_or_reason_is_refused(string body)
    {
        var count = kit.Ledger.Recorded.Count;

        var (status, answer) = await PostAsync("/v1/grants", body);

        Assert.Equal((HttpStatusCode.BadRequest, "bad_body"), (status, answer.GetProperty("reason").GetString()));
        Assert.Equal(count, kit.Ledger.Recorded.Count);
    }

    [Fact]
    public async Task A_grant_is_taken_back_with_a_reason()
    {
        var (status, answer) = await PostAsync($"/v1/grants/{FakeBooks.Grant}/revoke", """{"reason":"not needed"}""");
        var (unknown, _) = await PostAsync("/v1/grants/01jzzzzzzzzzzzzzzzzzzzzzzz/revoke", """{"reason":"not needed"}""");

        Assert.Equal((HttpStatusCode.OK, "revoked", HttpStatusCode.NotFound), (status, answer.GetProperty("state").GetString(), unknown));
        Assert.Equal(new LedgerEvent.GrantRevoked(FakeBooks.Grant, "admin", "not needed"), kit.Ledger.Recorded.OfType<LedgerEvent.GrantRevoked>().Last());
    }

    [Fact]
    public async Task When_the_ledger_can_not_write_nothing_is_said_to_be_done()
    {
        kit.Ledger.IsBroken = true;
        var (approve, _) = await PostAsync($"/v1/approvals/{FakeBooks.AskedByA}/approve", "{}");
        var (grant, _) = await PostAsync("/v1/grants", """{"owner":"agent:me","amount":"1.00","for":"2h","reason":"x"}""");
        kit.Ledger.IsBroken = false;

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (approve, grant));
    }

    [Fact]
    public async Task A_quote_is_asked_for_the_agent_of_the_token_whatever_the_body_says()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/quote") { Content = Json("""{"url":"https://api.test/x?q=1","method":"POST","headers":{"Accept":"text/plain"},"body":"hi"}""") };
        request.Headers.Add("Smart-Proxy-Token", kit.TokenA);
        using var answer = await kit.Proxy.SendAsync(request, TestContext.Current.CancellationToken);
        using var other = new HttpRequestMessage(HttpMethod.Post, "/v1/quote") { Content = Json("""{"agent":"b","url":"https://api.test/"}""") };
        other.Headers.Add("Smart-Proxy-Token", kit.TokenA);
        using var refused = await kit.Proxy.SendAsync(other, TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (answer.StatusCode, refused.StatusCode));
        var (agent, quoted) = kit.Quoted.Last(entry => entry.Request.Method == "POST");
        Assert.Equal(("a", "https://api.test", "/x?q=1", "hi"), (agent, quoted.Origin.ToString(), quoted.Target, Encoding.UTF8.GetString(quoted.Body)));
    }

    [Theory]
    [InlineData("""{"url":"https://api.test/"}""")] // for whom?
    [InlineData("""{"agent":"a"}""")]
    [InlineData("""{"agent":"a","url":"ftp://api.test/"}""")]
    [InlineData("""{"agent":"a","url":"https://user@api.test/"}""")]
    [InlineData("""{"agent":"a","url":"https://api.test/","method":"CONNECT"}""")]
    [InlineData("""{"agent":"a","url":"https://api.test/","method":"HEAD"}""")]
    [InlineData("""{"agent":"a","url":"https://api.test/","headers":{"Host":"other.test"}}""")]
    [InlineData("""{"agent":"a","url":"https://api.test/","headers":{"Smart-Proxy-Mode":"pay"}}""")]
    [InlineData("""{"agent":"a","url":"https://api.test/","headers":{"Transfer-Encoding":"chunked"}}""")]
    [InlineData("""{"agent":"a","url":"https://api.test/","headers":{"A B":"x"}}""")]
    [InlineData("""{"agent":"a","url":"https://api.test/","pay":"yes"}""")]
    public async Task A_quote_that_is_not_as_expected_is_refused(string body)
    {
        var (status, answer) = await PostAsync("/v1/quote", body);

        Assert.Equal((HttpStatusCode.BadRequest, "bad_body"), (status, answer.GetProperty("reason").GetString()));
    }

    [Theory]
    [InlineData("127.0.0.1", 200)]
    [InlineData("localhost", 200)]
    [InlineData("proxy", 200)] // a container's name: nobody can buy one without a dot
    [InlineData("proxy.internal", 200)] // said by the setting
    [InlineData("10.1.2.3", 200)]
    [InlineData("rebound.example", 421)]
    [InlineData("api.exa.ai", 421)]
    public async Task The_proxys_own_pages_answer_only_to_its_own_names(string host, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ca.pem") { Headers = { Host = host } };
        using var answer = await kit.Proxy.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_policy_of_the_past_is_found_by_its_hash()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/policies/{Bytes32.Sha256("policy"u8)}") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", kit.AdminToken) } };
        using var answer = await kit.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        using var policy = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        Assert.Equal("{ }", policy.RootElement.GetProperty("text").GetString());
    }

    private async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body), Headers = { Authorization = new AuthenticationHeaderValue("Bearer", kit.AdminToken) } };
        using var answer = await kit.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (answer.StatusCode, document.RootElement.Clone());
    }

    private async Task<string> AgentAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Smart-Proxy-Token", kit.TokenA } } };
        using var answer = await kit.Proxy.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
