using System.Net;
using System.Text;
using SmartProxy.Tests.Forwarding;
using WireMock.ResponseBuilders;
using static SmartProxy.Tests.EndToEnd.OddCase;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Terms that are broken, strange or none at all, behind the whole product.</summary>
public sealed class OddChallengeTests(OddWorld world) : IClassFixture<OddWorld>
{
    [Theory]
    [InlineData("text/plain", "please subscribe")]
    [InlineData("text/html; charset=utf-8", "<html><body>{\"x402Version\":1}</body></html>")]
    [InlineData("application/json", "{ \"error\": \"quota\",  \"plan\":null}\n")]
    [InlineData("application/json", "[1, 2")]
    [InlineData("application/octet-stream", "")]
    public async Task A_402_that_is_not_x402_arrives_byte_for_byte(string contentType, string body)
    {
        using var odd = world.NextCase();
        odd.On(Response.Create().WithStatusCode(402).WithHeader("Content-Type", contentType).WithHeader("X-Plan", "gold").WithBody(Encoding.UTF8.GetBytes(body)));

        using var answer = await odd.GetAsync();

        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal(body, Encoding.UTF8.GetString(await BytesOf(answer)));
        Assert.Equal(contentType, answer.Content.Headers.NonValidated["Content-Type"].ToString());
        Assert.Equal("gold", answer.Headers.GetValues("X-Plan").Single());
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Smart-Proxy-", StringComparison.OrdinalIgnoreCase));
        Assert.Null(Assert.Single(odd.Seen()).Payment);
        await odd.AssertMoneyAsync(spent: 0, held: 0);
    }

    [Theory]
    [InlineData("bad_base64", "%%%")]
    [InlineData("bad_json", "eyJ4NDAyVmVyc2lvbiI6")]
    [InlineData("duplicate_header", "", "")]
    public async Task Broken_terms_reach_the_agent_with_a_word_about_what_is_wrong(string reason, params string[] lines)
    {
        using var odd = world.NextCase();
        var values = lines.Select(line => line.Length == 0 ? Terms.Header() : line).ToArray();
        odd.On(Response.Create().WithStatusCode(402).WithHeader("PAYMENT-REQUIRED", values).WithBody(Terms.Body));

        using var answer = await odd.GetAsync();

        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal($"malformed; reason={reason}", answer.Headers.GetValues("Smart-Proxy-Unpaid").Single());
        Assert.Equal(values, answer.Headers.GetValues("PAYMENT-REQUIRED"));
        Assert.Equal(Terms.Body, Encoding.UTF8.GetString(await BytesOf(answer)));
        Assert.Null(Assert.Single(odd.Seen()).Payment);
        await odd.AssertMoneyAsync(spent: 0, held: 0);
    }

    [Fact]
    public async Task A_402_of_five_megabytes_passes_on_whole()
    {
        using var odd = world.NextCase();
        var body = new byte[5 * 1024 * 1024];
        new Random(5).NextBytes(body);
        body[0] = (byte)'{';
        odd.On(Response.Create().WithStatusCode(402).WithHeader("Content-Type", "application/json").WithBody(body));

        using var answer = await odd.GetAsync();

        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        var arrived = await BytesOf(answer);
        Assert.True(body.AsSpan().SequenceEqual(arrived));
        await odd.AssertMoneyAsync(spent: 0, held: 0);
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Terms_of_version_1_are_read_from_the_body_in_any_coding(string coding)
    {
        using var odd = world.NextCase();
        var asked = Response.Create().WithStatusCode(402).WithHeader("Content-Type", "application/json");
        odd.On(coding == "identity" ? asked.WithBody(Terms.Body) : asked.WithHeader("Content-Encoding", coding).WithBody(Sellers.Encode(Encoding.UTF8.GetBytes(Terms.Body), coding)));
        odd.OnPaid(Response.Create().WithHeader("X-PAYMENT-RESPONSE", Terms.Settled).WithBody("delivered"));

        using var answer = await odd.GetAsync();

        Assert.Equal("delivered", Encoding.UTF8.GetString(await BytesOf(answer)));
        odd.OnlyPayment();
        Assert.Contains(odd.Seen(), request => request.Headers.ContainsKey("X-PAYMENT"));
        await odd.AssertMoneyAsync(spent: Terms.Cent, held: 0);
    }
}
