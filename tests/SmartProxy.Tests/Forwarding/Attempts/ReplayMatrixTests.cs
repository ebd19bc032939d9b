using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SmartProxy.Tests.Forwarding.Attempts;

/// <summary>Every way in which a body can meet a 402: what is paid for is what was asked for, byte for byte.</summary>
public sealed class ReplayMatrixTests(ReplayMatrixTests.Sellers sellers) : IClassFixture<ReplayMatrixTests.Sellers>
{
    public static MatrixTheoryData<int, int, int, string, string> Matrix { get; } = new(
        [1, 2], [1, 2], [5_000, 900_000, 3_000_000], ["length", "chunked", "expect"], ["early", "late"]);

    [Theory, MemberData(nameof(Matrix))]
    public async Task A_paid_request_carries_the_whole_body(int clientVersion, int originVersion, int size, string framing, string when)
    {
        using var client = sellers.Proxy.CreateClient(new Version(clientVersion, clientVersion == 1 ? 1 : 0));
        var body = Body(size);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{sellers.Origins[originVersion].Url}/{when}")
        {
            Content = new ByteArrayContent(body),
            Version = client.DefaultRequestVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (framing == "chunked")
        {
            request.Content = new ChunkedContent(body);
        }

        request.Headers.ExpectContinue = framing == "expect";
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(1, "early")]
    [InlineData(2, "early")]
    [InlineData(1, "late")]
    [InlineData(2, "late")]
    public async Task A_body_beyond_the_limit_is_not_paid_and_the_challenge_passes(int originVersion, string when)
    {
        using var client = sellers.Proxy.CreateClient();
        var body = new ByteArrayContent(Body((4 * 1024 * 1024) + 1));
        using var response = await client.PostAsync($"{sellers.Origins[originVersion].Url}/{when}", body, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        Assert.Equal("pay me", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("body_not_replayable", response.Headers.GetValues("Smart-Proxy-Reason").Single());
    }

    [Fact]
    public async Task A_free_upload_is_not_limited_by_the_replay_limit()
    {
        using var client = sellers.Proxy.CreateClient();
        var body = Body(9_000_000);
        using var response = await client.PostAsync($"{sellers.Origins[1].Url}/free", new ByteArrayContent(body), TestContext.Current.CancellationToken);

        Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static byte[] Body(int size)
    {
        var body = new byte[size];
        new Random(size).NextBytes(body);
        return body;
    }

    /// <summary>Content of unknown length: chunked on HTTP/1.1, no content-length on HTTP/2.</summary>
    private sealed class ChunkedContent(byte[] body) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var start = 0; start < body.Length; start += 50_000)
            {
                await stream.WriteAsync(body.AsMemory(start, Math.Min(50_000, body.Length - start)));
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    public sealed class Sellers : IAsyncLifetime
    {
        internal Dictionary<int, TestOrigin> Origins { get; } = [];

        internal ProxyFixture Proxy { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Origins[1] = await TestOrigin.StartAsync(SellAsync, HttpProtocols.Http1);
            Origins[2] = await TestOrigin.StartAsync(SellAsync, HttpProtocols.Http2);
            Proxy = await ProxyFixture.StartAsync(Origins.Values.Select(o => o.Port));
        }

        public async ValueTask DisposeAsync()
        {
            await Proxy.DisposeAsync();
            foreach (var origin in Origins.Values)
            {
                await origin.DisposeAsync();
            }
        }

        private static async Task SellAsync(HttpContext context)
        {
            var path = context.Request.Path.Value;
            if (path != "/free" && !context.Request.Headers.ContainsKey("X-PAYMENT"))
            {
                if (path == "/late")
                {
                    await context.Request.Body.CopyToAsync(Stream.Null);
                }

                context.Response.StatusCode = 402;
                await context.Response.WriteAsync("pay me");
                return;
            }

            await context.Response.WriteAsync(Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body)));
        }
    }
}
