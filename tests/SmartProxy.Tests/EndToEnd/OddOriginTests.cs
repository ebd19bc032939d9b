using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using WireMock.ResponseBuilders;
using static SmartProxy.Tests.EndToEnd.OddCase;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Origins that are broken, hostile or merely strange, behind the whole product: what the agent gets, and what it costs.</summary>
public sealed class OddOriginTests(OddWorld world) : IClassFixture<OddWorld>
{
    /// <summary>What a seller may answer to a payment: status, settlement (null for none); what the agent sees, and where the cent is then.</summary>
    public static TheoryData<string, int, bool?, int, string?, int, int> AnswersToPayments => new()
    {
        { "it settles", 200, true, 200, null, Terms.Cent, 0 },
        { "it delivers and says nothing", 200, null, 200, null, 0, Terms.Cent },
        { "it delivers and says that it did not settle", 200, false, 200, null, 0, Terms.Cent },
        { "it asks again", 402, null, 502, "payment_not_accepted", 0, Terms.Cent },
        { "it asks again and says that it did not settle", 402, false, 502, "payment_not_accepted", 0, Terms.Cent },
        { "it forbids", 403, null, 403, null, 0, Terms.Cent },
        { "it fails and says that it settled", 500, true, 500, null, Terms.Cent, 0 },
        { "it fails", 500, null, 500, null, 0, Terms.Cent },
        { "it fails and says that it did not settle", 500, false, 500, null, 0, Terms.Cent },
    };

    [Theory, MemberData(nameof(AnswersToPayments))]
    public async Task Whatever_a_seller_answers_to_a_payment_it_gets_one_signature_and_the_cent_is_counted(
        string what, int status, bool? settled, int seen, string? reason, int spent, int held)
    {
        using var odd = world.NextCase();
        odd.Ask();
        var paid = Response.Create().WithStatusCode(status).WithBody(what);
        paid = settled is { } claim ? paid.WithHeader("PAYMENT-RESPONSE", claim ? Terms.Settled : Terms.NotSettled) : paid;
        odd.OnPaid(status == 402 ? paid.WithHeader("PAYMENT-REQUIRED", Terms.Header()) : paid);

        using var answer = await odd.SendAsync(new HttpRequestMessage(HttpMethod.Post, odd.MockUrl) { Content = new StringContent("order") });

        Assert.Equal(seen, (int)answer.StatusCode);
        var body = Encoding.UTF8.GetString(await BytesOf(answer));
        Assert.Equal(reason ?? what, reason is null ? body : ReasonOf(body));
        Assert.StartsWith("rcpt_", answer.Headers.GetValues("Smart-Proxy-Receipt").Single(), StringComparison.Ordinal);
        odd.OnlyPayment();
        Assert.Equal(2, odd.Seen().Count);
        await odd.AssertMoneyAsync(spent, held);
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("POST", 1)]
    public async Task A_connection_lost_after_the_payment_holds_the_cent_and_only_the_identical_bytes_go_again(string method, int sendings)
    {
        using var odd = world.NextCase();
        world.Seller.Sell(odd.Path, context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });

        using var answer = await odd.SendAsync(new HttpRequestMessage(new HttpMethod(method), world.Seller.Url + odd.Path));

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal("payment_outcome_unknown", ReasonOf(Encoding.UTF8.GetString(await BytesOf(answer))));
        OddCase.OnlyPayment(world.Seller.PaymentsAt(odd.Path));

        // A bodiless request on a dead pooled connection may be sent again below us: never another signature, but perhaps one sending more.
        Assert.InRange(world.Seller.Seen(odd.Path).Count(request => request.Payment is not null), sendings, sendings * 2);
        await odd.AssertMoneyAsync(spent: 0, held: Terms.Cent);
    }

    [Fact]
    public async Task The_agents_own_retry_after_a_lost_answer_presents_the_same_payment_and_is_delivered()
    {
        using var odd = world.NextCase();
        var hangsUp = true;
        world.Seller.Sell(odd.Path, context =>
        {
            if (!hangsUp)
            {
                return ScriptedSeller.DeliverAsync(context);
            }

            context.Abort();
            return Task.CompletedTask;
        });
        HttpRequestMessage Order() => new(HttpMethod.Post, world.Seller.Url + odd.Path) { Content = new StringContent("order") };

        using var lost = await odd.SendAsync(Order());
        hangsUp = false;
        using var answer = await odd.SendAsync(Order());

        Assert.Equal((HttpStatusCode.BadGateway, HttpStatusCode.OK), (lost.StatusCode, answer.StatusCode));
        OddCase.OnlyPayment(world.Seller.PaymentsAt(odd.Path));
        await odd.AssertMoneyAsync(spent: Terms.Cent, held: 0);
    }

    [Fact]
    [Trait("invariant", "I13")]
    public async Task A_redirect_of_a_paid_request_goes_to_the_agent_and_the_payment_goes_nowhere_else()
    {
        using var odd = world.NextCase();
        var elsewhere = world.NextCase().Path;
        world.Seller.Sell(odd.Path, context =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = world.Seller.Url + elsewhere;
            context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
            return Task.CompletedTask;
        });

        using var answer = await odd.GetAsync(world.Seller.Url + odd.Path);
        using var followed = await odd.GetAsync(answer.Headers.Location!.ToString());

        Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, followed.StatusCode);
        OddCase.OnlyPayment(world.Seller.PaymentsAt(odd.Path));
        Assert.Null(Assert.Single(world.Seller.Seen(elsewhere)).Payment);
        await odd.AssertMoneyAsync(spent: Terms.Cent, held: 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_paid_attempt_carries_the_same_body_byte_for_byte(bool isChunked)
    {
        using var odd = world.NextCase();
        world.TlsSeller.Sell(odd.Path, ScriptedSeller.DeliverAsync);
        var body = new byte[300_000];
        new Random(7).NextBytes(body);

        using var answer = await odd.SendAsync(new HttpRequestMessage(HttpMethod.Post, world.TlsSeller.Url + odd.Path)
        {
            Content = new ByteArrayContent(body),
            Headers = { TransferEncodingChunked = isChunked },
        });

        Assert.Equal("delivered", Encoding.UTF8.GetString(await BytesOf(answer)));
        Assert.Equal("0.01; day-left=0.99", answer.Headers.GetValues("Smart-Proxy-Paid").Single());
        Assert.Equal(2, world.TlsSeller.Seen(odd.Path).Count);
        Assert.All(world.TlsSeller.Seen(odd.Path), request => Assert.True(body.AsSpan().SequenceEqual(request.Body)));
        OddCase.OnlyPayment(world.TlsSeller.PaymentsAt(odd.Path));
        await odd.AssertMoneyAsync(spent: Terms.Cent, held: 0);
    }

    [Fact]
    public async Task Forty_requests_at_once_on_a_budget_for_ten_lead_to_ten_signatures()
    {
        using var client = world.Proxy.As("poor");
        world.TlsSeller.Sell("/race", ScriptedSeller.DeliverAsync);

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => client.GetAsync($"{world.TlsSeller.Url}/race?n={n}", TestContext.Current.CancellationToken)));

        Assert.Equal(10, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(30, answers.Count(answer => answer.StatusCode == HttpStatusCode.Forbidden));
        Assert.Equal(10, world.TlsSeller.PaymentsAt("/race").Count);
        Assert.Equal(((UInt128)(10 * Terms.Cent), UInt128.Zero), await world.Proxy.MoneyOfAsync("poor"));
        answers.ToList().ForEach(answer => answer.Dispose());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_402_that_is_passed_on_and_stops_half_way_is_broken_off()
    {
        await using var seller = await ScriptedSeller.StartAsync(tls: false);
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = OddWorld.PolicyFor(seller.Authority),
            Settings = new Dictionary<string, string?> { ["Upstream:ActivitySeconds"] = "1" },
        });
        using var client = proxy.As("me");
        var never = new TaskCompletionSource();
        seller.On("/stalled", async context =>
        {
            context.Response.StatusCode = 402;
            await context.Response.Body.WriteAsync(new byte[(64 * 1024) + 1], context.RequestAborted);
            await never.Task;
        });

        using var answer = await client.GetAsync(seller.Url + "/stalled", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<HttpRequestException>(() => answer.Content.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        never.SetResult();
    }

    [Fact]
    public async Task A_paid_answer_may_take_longer_than_an_unpaid_one()
    {
        await using var seller = await ScriptedSeller.StartAsync(tls: false);
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = OddWorld.PolicyFor(seller.Authority),
            Settings = new Dictionary<string, string?> { ["Upstream:ActivitySeconds"] = "2" },
        });
        using var client = proxy.As("me");
        var cancellation = TestContext.Current.CancellationToken;
        var (arrived, gate, never) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        seller.Sell("/slow", async context =>
        {
            arrived.SetResult();
            await gate.Task;
            await ScriptedSeller.DeliverAsync(context);
        });
        seller.On("/never", _ => never.Task);

        // The paid request waits at its gate before the unpaid one starts, and until the unpaid one is given up.
        var paid = client.GetAsync(seller.Url + "/slow", cancellation);
        await await Task.WhenAny(arrived.Task, paid); // an answer that comes too early fails below instead of hanging here
        using var unpaid = await client.GetAsync(seller.Url + "/never", cancellation);
        Assert.Equal((HttpStatusCode.GatewayTimeout, "upstream_timeout"), (unpaid.StatusCode, ReasonOf(await unpaid.Content.ReadAsStringAsync(cancellation))));
        Assert.False(paid.IsCompleted);
        gate.SetResult();

        using var answer = await paid;
        Assert.Equal("delivered", await answer.Content.ReadAsStringAsync(cancellation));
        Assert.Equal(((UInt128)Terms.Cent, UInt128.Zero), await proxy.MoneyOfAsync("me"));
        never.SetResult();
    }
}
