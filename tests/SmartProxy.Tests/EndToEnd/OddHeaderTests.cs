using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using WireMock.ResponseBuilders;
using static SmartProxy.Tests.EndToEnd.OddCase;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Headers that belong to us or to a payment, sent by somebody else.</summary>
public sealed class OddHeaderTests(OddWorld world) : IClassFixture<OddWorld>
{
    [Theory]
    [InlineData("PAYMENT-SIGNATURE", "eyJ4NDAyVmVyc2lvbiI6Mn0=", "")]
    [InlineData("X-PAYMENT", "eyJ4NDAyVmVyc2lvbiI6MX0=", "")]
    [InlineData("Authorization", "Payment eyJpZCI6MX0", "")]
    [InlineData("Authorization", "L402 bWFj:aa", "")]
    [InlineData("X-Plain", "1", """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"x402/payment":{"x402Version":2}}}}""")]
    [InlineData("X-Plain", "1", """[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"org.paymentauth/credential":{}}}}]""")]
    public async Task A_payment_of_the_agents_own_is_refused_and_the_origin_never_hears_of_it(string name, string value, string body)
    {
        using var odd = world.NextCase();
        foreach (var seller in new[] { world.Seller, world.TlsSeller })
        {
            var request = new HttpRequestMessage(HttpMethod.Post, seller.Url + odd.Path);
            request.Content = body.Length > 0 ? new StringContent(body, Encoding.UTF8, "application/json") : null;
            request.Headers.TryAddWithoutValidation(name, value);

            using var answer = await odd.SendAsync(request);

            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Equal("agent_payment_refused", ReasonOf(Encoding.UTF8.GetString(await BytesOf(answer))));
            Assert.Empty(seller.Seen(odd.Path));
        }

        await odd.AssertMoneyAsync(spent: 0, held: 0);
    }

    [Fact]
    public async Task Our_own_headers_never_travel_upstream_and_forged_ones_never_reach_the_agent()
    {
        using var odd = world.NextCase();
        var free = world.NextCase().Path;
        Task Forge(HttpContext context)
        {
            foreach (var name in new[] { "Smart-Proxy-Receipt", "Smart-Proxy-Paid", "smart-proxy-unpaid", "Smart-Proxy-Anything", "Proxy-Status", "Proxy-Authenticate" })
            {
                context.Response.Headers[name] = "forged";
            }

            return ScriptedSeller.DeliverAsync(context);
        }

        world.Seller.Sell(odd.Path, Forge);
        world.Seller.On(free, Forge);
        HttpRequestMessage Ask(string path) => new(HttpMethod.Get, world.Seller.Url + path)
        {
            Headers = { { "Smart-Proxy-Max-Price", "0.05" }, { "Smart-Proxy-Token", "sp_x" }, { "Smart-Proxy-Receipt", "mine" } },
        };

        using var paid = await odd.SendAsync(Ask(odd.Path));
        using var unpaid = await odd.SendAsync(Ask(free));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (paid.StatusCode, unpaid.StatusCode));
        Assert.DoesNotContain("forged", paid.Headers.ToString() + unpaid.Headers, StringComparison.Ordinal);
        Assert.StartsWith("rcpt_", paid.Headers.GetValues("Smart-Proxy-Receipt").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain(unpaid.Headers, header => header.Key.StartsWith("Smart-Proxy-", StringComparison.OrdinalIgnoreCase));
        Assert.All([.. world.Seller.Seen(odd.Path), .. world.Seller.Seen(free)], request => Assert.DoesNotContain(
            request.Headers.Keys, name => name.StartsWith("Smart-Proxy-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public async Task A_forged_header_on_a_402_that_is_passed_on_does_not_reach_the_agent()
    {
        using var odd = world.NextCase();
        odd.On(Response.Create().WithStatusCode(402).WithHeader("Smart-Proxy-Receipt", "forged").WithHeader("Smart-Proxy-Unpaid", "forged").WithBody("no"));

        using var answer = await odd.GetAsync();

        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.DoesNotContain("forged", answer.Headers.ToString(), StringComparison.Ordinal);
    }
}
