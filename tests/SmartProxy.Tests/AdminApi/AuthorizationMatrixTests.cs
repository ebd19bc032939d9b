using System.Net;
using System.Net.Http.Headers;

namespace SmartProxy.Tests.AdminApi;

/// <summary>Every endpoint against every kind of caller: nobody, an agent, another agent, the operator.</summary>
public sealed class AuthorizationMatrixTests(ApiKit kit) : IClassFixture<ApiKit>
{
    private const string OfA = "rcpt_01jaaaaaaaaaaaaaaaaaaaaaaa";

    public static TheoryData<string, string, int, int, int, int> AdminEndpoints => new()
    {
        //  method, path,                      none, a,   b,   admin
        { "GET", "/healthz", 200, 200, 200, 200 },
        { "GET", "/ca.pem", 200, 200, 200, 200 },
        { "GET", "/.well-known/jwks.json", 200, 200, 200, 200 },
        { "GET", "/metrics", 401, 401, 401, 200 },
        { "GET", "/v1/payments", 401, 401, 401, 200 },
        { "GET", "/v1/agents", 401, 401, 401, 200 },
        { "GET", "/v1/receipts/" + OfA, 401, 401, 401, 200 },
        { "POST", "/v1/freeze", 401, 401, 401, 200 },
        { "POST", "/v1/unfreeze", 401, 401, 401, 200 },
        { "GET", "/v1/approvals", 401, 401, 401, 200 },
        { "POST", "/v1/approvals/01jaskaaaaaaaaaaaaaaaaaaaa/approve", 401, 401, 401, 200 },
        { "POST", "/v1/approvals/01jaskaaaaaaaaaaaaaaaaaaaa/deny", 401, 401, 401, 400 },
        { "GET", "/v1/grants", 401, 401, 401, 200 },
        { "POST", "/v1/grants", 401, 401, 401, 400 },
        { "POST", "/v1/grants/01jgrantaaaaaaaaaaaaaaaaaa/revoke", 401, 401, 401, 400 },
        { "POST", "/v1/quote", 401, 401, 401, 400 },
        { "POST", "/v1/explain", 401, 401, 401, 400 },
        { "GET", "/v1/policies/0x00", 401, 401, 401, 404 },
        { "POST", "/healthz", 401, 401, 401, 404 },
        { "GET", "/v1/freeze", 401, 401, 401, 404 },
        { "GET", "/v1/me", 401, 401, 401, 404 },
        { "GET", "/anything", 401, 401, 401, 404 },
    };

    public static TheoryData<string, string, int, int, int, int> AgentEndpoints => new()
    {
        { "GET", "/ca.pem", 200, 200, 200, 200 },
        { "GET", "/.well-known/jwks.json", 200, 200, 200, 200 },
        { "GET", "/v1/me", 401, 200, 200, 401 },
        { "GET", "/v1/me/payments", 401, 200, 200, 401 },
        { "GET", "/v1/me/approvals", 401, 200, 200, 401 },
        { "POST", "/v1/quote", 401, 400, 400, 401 },
        { "POST", "/v1/approvals/01jaskaaaaaaaaaaaaaaaaaaaa/approve", 405, 405, 405, 405 },
        { "POST", "/v1/grants", 405, 405, 405, 405 },
        { "GET", "/v1/grants", 404, 404, 404, 404 },
        { "GET", "/v1/receipts/" + OfA, 401, 200, 404, 401 },
        { "GET", "/v1/receipts/nonsense", 401, 404, 404, 401 },
        { "POST", "/v1/freeze", 405, 405, 405, 405 },
        { "GET", "/v1/freeze", 404, 404, 404, 404 },
        { "GET", "/v1/payments", 404, 404, 404, 404 },
        { "GET", "/v1/agents", 404, 404, 404, 404 },
        { "GET", "/metrics", 404, 404, 404, 404 },
        { "GET", "/healthz", 404, 404, 404, 404 },
        { "GET", "/", 404, 404, 404, 404 },
    };

    [Theory, MemberData(nameof(AdminEndpoints))]
    public async Task The_operators_listener_answers_only_the_operator(string method, string path, int none, int a, int b, int admin)
    {
        Assert.Equal([none, a, b, admin], await StatusesAsync(kit.Admin, method, path));
    }

    [Theory, MemberData(nameof(AgentEndpoints))]
    public async Task The_proxys_address_shows_agents_their_own_and_the_operator_nothing(string method, string path, int none, int a, int b, int admin)
    {
        Assert.Equal([none, a, b, admin], await StatusesAsync(kit.Proxy, method, path));
    }

    [Theory]
    [InlineData("Smart-Proxy-Token", "{0}")]
    [InlineData("Authorization", "Bearer {0}")]
    [InlineData("Proxy-Authorization", "Bearer {0}")]
    [InlineData("Proxy-Authorization", "Basic a:{0}")]
    public async Task An_agent_is_known_by_each_of_its_headers(string header, string form)
    {
        var credentials = form.StartsWith("Basic", StringComparison.Ordinal)
            ? SmartProxy.Tests.Identity.CredentialKit.Basic("a", kit.TokenA)
            : form.Replace("{0}", kit.TokenA, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/me");
        request.Headers.TryAddWithoutValidation(header, credentials);
        using var answer = await kit.Proxy.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("agents.a.limits.day", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_tokens_in_one_request_are_no_token()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/me");
        request.Headers.TryAddWithoutValidation("Smart-Proxy-Token", [kit.TokenA, kit.TokenB]);
        using var answer = await kit.Proxy.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task An_agent_that_asks_for_anothers_payments_gets_its_own()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/me/payments?agent=a");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", kit.TokenB);
        using var answer = await kit.Proxy.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("\"agent\":\"b\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"agent\":\"a\"", body, StringComparison.Ordinal);
    }

    private async Task<int[]> StatusesAsync(HttpClient client, string method, string path)
    {
        var statuses = new List<int>();
        foreach (var token in new[] { null, kit.TokenA, kit.TokenB, kit.AdminToken })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            request.Content = method == "POST" ? new StringContent("{}", MediaTypeHeaderValue.Parse("application/json")) : null;
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            statuses.Add((int)answer.StatusCode);

            var text = answer + await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.All([kit.TokenA, kit.TokenB, kit.AdminToken], secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }

        return [.. statuses];
    }
}
