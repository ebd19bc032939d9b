using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using static SmartProxy.Tests.Forwarding.Sellers;

namespace SmartProxy.Tests.Forwarding.Attempts;

/// <summary>What the payment flow sees of a request, and what the agent sees of it afterwards.</summary>
public sealed class UpstreamCallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", 10, true)]
    [InlineData("", 65_536, true)]
    [InlineData("", 65_537, false)]
    [InlineData("", 700_000, false)]
    [InlineData("gzip", 1_000, true)]
    [InlineData("gzip", 5_000_000, false)]
    [InlineData("br", 1_000, true)]
    [InlineData("deflate", 1_000, true)]
    [InlineData("zstd", 1_000, false)]
    public async Task A_challenge_is_read_within_bounds_and_passed_on_byte_for_byte(string coding, int size, bool isWhole)
    {
        var plain = Enumerable.Range(0, size).Select(i => (byte)('a' + (i % 23))).ToArray();
        var coded = Encode(plain, coding);
        await using var origin = await TestOrigin.StartAsync(
            async context =>
            {
                context.Response.StatusCode = 402;
                context.Response.Headers["X-Offer"] = new([.. new[] { "one", "two" }]);
                if (coding.Length > 0)
                {
                    context.Response.Headers.ContentEncoding = coding;
                }

                await context.Response.Body.WriteAsync(coded);
            });
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        HeldAnswer? seen = null;
        proxy.Flow.Script = call =>
        {
            seen = call.Challenge;
            return call.PassChallengeOnAsync([new("Smart-Proxy-Reason", "because")]);
        };
        using var client = proxy.CreateClient();

        using var response = await client.GetAsync(origin.Url, Token);

        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        Assert.Equal(coded, await response.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(["one", "two"], seen!.Head.Values("X-Offer"));
        Assert.Equal(isWhole, seen.IsBodyWhole);
        Assert.True(seen.Body.Length <= 65_536);
        Assert.True(!isWhole || seen.Body.Span.SequenceEqual(plain));
        Assert.Equal("because", response.Headers.GetValues("Smart-Proxy-Reason").Single());
        Assert.Equal(coding, string.Join(',', response.Content.Headers.ContentEncoding));
    }

    [Fact]
    public async Task The_flow_sees_the_request_as_it_travels()
    {
        await using var origin = await TestOrigin.StartAsync(Challenge, HttpProtocols.Http1, tls: false);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        var seen = "";
        proxy.Flow.Script = async call =>
        {
            seen = $"{call.Identity.Agent} {call.Method} {call.Origin} {call.Target} {call.RequestHeader("Smart-Proxy-Max-Price")} {call.RequestHeader("absent") ?? "-"} {call.IsUpgrade} {await call.DigestBodyAsync(Token)}";
            await call.AnswerAsync(new Refusal(403, "too_dear", "ask for less") { Members = [new("limit", "0.01")], RetryAfterSeconds = 7, ReceiptId = "r1" });
        };
        using var client = proxy.CreateClient();
        client.DefaultRequestHeaders.Add("Smart-Proxy-Max-Price", "0.01");

        using var response = await client.GetAsync($"{origin.Url}/a%2Fb?c", Token);

        Assert.Equal($"me GET {origin.Url} /a%2Fb?c 0.01 - False 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", seen);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            """{"type":"urn:smart-proxy:too_dear","title":"too dear","status":403,"detail":"ask for less","reason":"too_dear","limit":"0.01"}""",
            await response.Content.ReadAsStringAsync(Token));
        Assert.Equal("smart-proxy; error=http_request_denied; details=\"too_dear\"", response.Headers.GetValues("Proxy-Status").Single());
        Assert.Equal("7", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal("r1", response.Headers.GetValues("Smart-Proxy-Receipt").Single());
    }

    [Fact]
    public async Task The_flow_adds_headers_before_the_agent_sees_the_paid_answer()
    {
        await using var origin = await TestOrigin.StartAsync(Sell);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        PaidAttempt? paid = null;
        proxy.Flow.Script = async call => paid = await call.SendPaidAsync("PAYMENT-SIGNATURE", "signed", head => new PaidReply([new("Smart-Proxy-Receipt", head.Values("PAYMENT-RESPONSE").Single())]));
        using var client = proxy.CreateClient();

        using var response = await client.GetAsync(origin.Url, Token);

        Assert.Equal("paid with signed", await response.Content.ReadAsStringAsync(Token));
        Assert.Equal("settled", response.Headers.GetValues("Smart-Proxy-Receipt").Single());
        Assert.Equal((200, true, false), (paid!.Head!.Status, paid.IsComplete, paid.NeverSent));
    }

    [Fact]
    public async Task An_upload_that_stalls_after_its_402_is_given_up_in_time()
    {
        await using var origin = await TestOrigin.StartAsync(Challenge, HttpProtocols.Http1, tls: false);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port], upstream => upstream.BodySeconds = 1);
        Assert.True(Origin.TryParse(origin.Url, out var charging));
        proxy.Services.GetRequiredService<ChargingOrigins>().Learn(new AgentId("me"), charging);
        using var client = await proxy.ConnectAsync(Token);

        // The origin is asked first, so its 402 comes before the end of the upload, which never comes.
        await client.SendAsync(
            $"POST {origin.Url}/ HTTP/1.1\r\nHost: {origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Token);
        var head = await client.ReadHeadAsync(Token).WaitAsync(Patience, Token);

        Assert.StartsWith("HTTP/1.1 402 ", head, StringComparison.Ordinal);
        Assert.Contains("Smart-Proxy-Reason: body_not_replayable", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_has_to_be_looked_at_and_stalls_is_given_up_in_time()
    {
        using var origin = new RawOrigin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port], upstream => upstream.BodySeconds = 1);
        proxy.Guard.ReadsBodies = true;
        using var client = await proxy.ConnectAsync(Token);

        await client.SendAsync(
            $"POST http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{", Token);
        var answer = await client.ReadMessageAsync(Token).WaitAsync(Patience, Token);

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("request_body_failed", answer, StringComparison.Ordinal);
        Assert.Equal(0, origin.Connections);
    }

    [Fact]
    public async Task The_flow_may_answer_instead_of_the_origin()
    {
        await using var origin = await TestOrigin.StartAsync(Sell);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Flow.Script = async call => proxy.Flow.Paid.SetResult(await call.SendPaidAsync("X-PAYMENT", "x", _ => new PaidReply([], new Refusal(409, "payment_in_doubt", "wait"))));
        using var client = proxy.CreateClient();

        using var response = await client.GetAsync(origin.Url, Token);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Contains("payment_in_doubt", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("PAYMENT-RESPONSE"));
        Assert.True((await proxy.Flow.Paid.Task.WaitAsync(Patience, Token)).IsComplete);
    }

    [Fact]
    public async Task A_402_to_a_paid_attempt_is_read_and_still_streams_on()
    {
        await using var origin = await TestOrigin.StartAsync(Challenge);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        PaidAttempt? paid = null;
        proxy.Flow.Script = async call => paid = await call.SendPaidAsync("X-PAYMENT", "x", _ => new PaidReply([]));
        using var client = proxy.CreateClient();

        using var response = await client.GetAsync(origin.Url, Token);

        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        Assert.Equal("pay me", await response.Content.ReadAsStringAsync(Token));
        Assert.Equal("pay me", Encoding.UTF8.GetString(paid!.Body.Span));
    }

    [Fact]
    public async Task A_flow_that_fails_or_forgets_to_answer_leaves_nobody_waiting()
    {
        await using var origin = await TestOrigin.StartAsync(Challenge);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient();

        proxy.Flow.Script = _ => throw new InvalidOperationException("bug");
        using var failed = await client.GetAsync(origin.Url, Token);
        proxy.Flow.Script = _ => ValueTask.CompletedTask;
        using var forgotten = await client.GetAsync(origin.Url, Token);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (failed.StatusCode, forgotten.StatusCode));
    }

    [Theory]
    [InlineData("application/json", 65_536, true)]
    [InlineData("application/json; charset=utf-8", 10, true)]
    [InlineData("APPLICATION/JSON", 10, true)]
    [InlineData("application/vnd.api+json", 10, true)]
    [InlineData("application/json", 200_000, true)]
    [InlineData("text/plain", 10, false)]
    public async Task The_guard_sees_the_beginning_of_json_bodies_and_the_origin_still_gets_them_whole(string type, int size, bool isSeen)
    {
        await using var origin = await TestOrigin.StartAsync(async context => await context.Request.Body.CopyToAsync(context.Response.Body));
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Guard.ReadsBodies = true;
        using var client = proxy.CreateClient();
        var body = Encoding.ASCII.GetBytes(new string('j', size));
        foreach (var isChunked in new[] { false, true })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, origin.Url) { Content = new ByteArrayContent(body) };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            request.Headers.TransferEncodingChunked = isChunked;

            using var response = await client.SendAsync(request, Token);

            Assert.Equal(body, await response.Content.ReadAsByteArrayAsync(Token));
            var seen = proxy.Guard.SeenBody ?? [];
            Assert.Equal(isSeen, seen.Length > 0);
            Assert.True(body.AsSpan().StartsWith(seen) && (!isSeen || seen.Length >= Math.Min(size, 65_536)));
        }
    }

    [Fact]
    public async Task An_origin_that_answers_402_early_and_closes_is_asked_first_the_next_time()
    {
        using var origin = new RawOrigin("HTTP/1.1 402 Payment Required\r\nContent-Length: 6\r\nConnection: close\r\n\r\npay me");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Flow.Script = call => call.PassChallengeOnAsync([]);
        using var client = proxy.CreateClient();
        using var learned = await client.GetAsync($"http://{origin.Authority}/", Token);

        using var response = await client.PostAsync($"http://{origin.Authority}/", new ByteArrayContent(new byte[2_000_000]), Token);

        await origin.Heads.Reader.ReadAsync(Token);
        Assert.Contains("\r\nExpect: 100-continue\r\n", await origin.Heads.Reader.ReadAsync(Token), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
    }
}
