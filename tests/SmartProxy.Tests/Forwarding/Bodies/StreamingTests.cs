using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Protocol;
using static SmartProxy.Tests.Forwarding.Sellers;

namespace SmartProxy.Tests.Forwarding.Bodies;

/// <summary>What streams goes on streaming, in both directions and untouched.</summary>
public sealed class StreamingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HEAD", 200)]
    [InlineData("GET", 204)]
    [InlineData("GET", 304)]
    [InlineData("GET", 206)]
    public async Task Answers_without_content_and_partial_ones_pass(string method, int status)
    {
        await using var origin = await TestOrigin.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.ETag = "\"1\"";
            if (method == "HEAD")
            {
                context.Response.ContentLength = 42;
            }

            return status == 206 ? context.Response.WriteAsync("part") : Task.CompletedTask;
        });
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), origin.Url);

        using var response = await client.SendAsync(request, Token);

        Assert.Equal((status, "\"1\""), ((int)response.StatusCode, response.Headers.ETag!.Tag));
        Assert.Equal(status == 206 ? "part" : "", await response.Content.ReadAsStringAsync(Token));
        Assert.True(method != "HEAD" || response.Content.Headers.ContentLength == 42);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Events_arrive_as_they_are_sent(int originVersion)
    {
        var steps = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        await using var origin = await TestOrigin.StartAsync(
            async context =>
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.Body.FlushAsync();
                for (var i = 0; i < steps.Length; i++)
                {
                    await steps[i].Task;
                    await context.Response.WriteAsync($"data: {i}\n\n");
                    await context.Response.Body.FlushAsync();
                }
            },
            originVersion == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient();
        using var response = await client.GetAsync(origin.Url, HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));

        // The head, and each event, is sent only after what came before it was seen: a proxy that buffers would wait forever.
        for (var i = 0; i < steps.Length; i++)
        {
            steps[i].SetResult();
            Assert.Equal($"data: {i}", await reader.ReadLineAsync(Token));
            await reader.ReadLineAsync(Token);
        }
    }

    [Fact]
    public async Task A_small_upload_is_flushed_and_both_directions_run_at_once()
    {
        await using var origin = await TestOrigin.StartAsync(
            async context =>
            {
                await context.Response.StartAsync();
                var buffer = new byte[16];
                for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0;)
                {
                    await context.Response.Body.WriteAsync(buffer.AsMemory(0, count));
                    await context.Response.Body.FlushAsync();
                }
            },
            HttpProtocols.Http2);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient(HttpVersion.Version20);
        var upload = new DuplexContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, origin.Url) { Content = upload, Version = HttpVersion.Version20 };
        var sending = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        var requests = await upload.Stream.Task.WaitAsync(Token);
        await requests.WriteAsync(new byte[] { 0 }, Token);
        await requests.FlushAsync(Token);
        using var response = await sending;
        var answers = await response.Content.ReadAsStreamAsync(Token);
        Assert.Equal(0, await ReadByteAsync(answers));
        for (byte i = 1; i < 4; i++)
        {
            await requests.WriteAsync(new[] { i }, Token);
            await requests.FlushAsync(Token);
            Assert.Equal(i, await ReadByteAsync(answers));
        }

        upload.End.SetResult();
        Assert.Equal(-1, await ReadByteAsync(answers));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task A_websocket_passes_and_may_be_paid_for(bool tls, bool isCharged)
    {
        await using var origin = await TestOrigin.StartAsync(
            async context =>
            {
                if (isCharged && !context.Request.Headers.ContainsKey("X-PAYMENT"))
                {
                    await Challenge(context);
                    return;
                }

                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                var buffer = new byte[100];
                var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
                await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, true, CancellationToken.None);
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            },
            HttpProtocols.Http1,
            tls);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var socket = new ClientWebSocket();
        socket.Options.Proxy = new WebProxy($"http://127.0.0.1:{proxy.Port}") { Credentials = new NetworkCredential("me", FakeAuthenticator.Token) };
        socket.Options.RemoteCertificateValidationCallback = proxy.TrustsOurAuthority;

        await socket.ConnectAsync(new Uri($"{(tls ? "wss" : "ws")}://{origin.Authority}/"), Token);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Token);

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Fact]
    public async Task Content_codings_and_trailers_pass_untouched()
    {
        var gzip = Encode(Encoding.UTF8.GetBytes(new string('x', 10_000)), "gzip");
        await using var origin = await TestOrigin.StartAsync(
            async context =>
            {
                context.Response.Headers.ContentEncoding = "gzip";
                context.Response.DeclareTrailer("grpc-status");
                await context.Response.Body.WriteAsync(gzip);
                context.Response.AppendTrailer("grpc-status", "0");
            },
            HttpProtocols.Http2);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient(HttpVersion.Version20);

        using var response = await client.GetAsync(origin.Url, Token);

        Assert.Equal(gzip, await response.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    private static async Task<int> ReadByteAsync(Stream stream)
    {
        var one = new byte[1];
        return await stream.ReadAsync(one, Token) == 1 ? one[0] : -1;
    }
}
