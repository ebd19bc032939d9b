using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Tests.Conformance;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>What ordinary clients do and a proxy easily breaks, by every way into it.</summary>
public sealed class NoSurpriseTests(WireLab lab) : IClassFixture<WireLab>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(WireLab.All), MemberType = typeof(WireLab))]
    public async Task An_answer_with_64_KB_of_headers_arrives_whole(Entry entry)
    {
        var fields = string.Concat(Enumerable.Range(0, 64).Select(i => $"X-{i}: {new string('v', 1_000)}\r\n"));
        lab.OriginOf(entry).Answer = _ => (WireLab.Bytes($"HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok"), false);

        var (_, reader) = await SendAsync(entry, "GET {o}/ HTTP/1.1¶Host: {h}¶¶");
        var answer = await reader.ReadResponseAsync("GET", Stop);
        Assert.Equal(("ok", 64), (answer!.Body, answer.Fields.Count(field => field.Name.StartsWith("X-", StringComparison.Ordinal) && field.Value.Length == 1_000)));
        lab.OriginOf(entry).Answer = _ => null;
    }

    [Theory, MemberData(nameof(WireLab.All), MemberType = typeof(WireLab))]
    public async Task Requests_that_are_sent_at_once_are_answered_in_their_order(Entry entry)
    {
        var requests = string.Concat(Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? $"GET {{o}}/{i} HTTP/1.1¶Host: {{h}}¶{{a}}¶" : $"POST {{o}}/{i} HTTP/1.1¶Host: {{h}}¶{{a}}Content-Length: 3¶¶abc"));
        var (_, reader) = await SendAsync(entry, requests);
        for (var i = 0; i < 20; i++)
        {
            Assert.StartsWith($"/{i} ", (await reader.ReadResponseAsync("GET", Stop))!.Body, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(WireLab.All), MemberType = typeof(WireLab))]
    public async Task A_client_that_waits_for_100_continue_gets_it_before_its_body(Entry entry)
    {
        var (client, reader) = await SendAsync(entry, "PUT {o}/up HTTP/1.1¶Host: {h}¶Expect: 100-continue¶Content-Length: 5¶¶");
        Assert.Equal(100, (await reader.ReadResponseAsync("PUT", Stop))!.Status);
        await client.SendAsync("hello", Stop);
        Assert.Equal(200, (await reader.ReadResponseAsync("PUT", Stop))!.Status);
    }

    public static MatrixTheoryData<Entry, string> Parts => new(WireLab.Entries, ["Range: bytes=2-3¶If-Range: \"e\"", "If-None-Match: \"e\"¶If-Modified-Since: Tue, 01 Sep 2026 00:00:00 GMT"]);

    [Theory, MemberData(nameof(Parts))]
    public async Task Partial_and_conditional_requests_and_their_answers_pass_as_they_are(Entry entry, string fields)
    {
        var isRange = fields.StartsWith("Range", StringComparison.Ordinal);
        lab.OriginOf(entry).Answer = request => (WireLab.Bytes(request.Has("Range")
            ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-3/9\r\nETag: \"e\"\r\nContent-Length: 2\r\n\r\ncd"
            : request.Has("If-None-Match") ? "HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n\r\n" : "HTTP/1.1 500 Lost\r\nContent-Length: 0\r\n\r\n"), false);

        var (_, reader) = await SendAsync(entry, $"GET {{o}}/ HTTP/1.1¶Host: {{h}}¶{fields}¶¶");
        var answer = await reader.ReadResponseAsync("GET", Stop);
        Assert.Equal((isRange ? 206 : 304, "\"e\"", isRange ? "cd" : ""), (answer!.Status, Assert.Single(answer.Values("ETag")), answer.Body));
        lab.OriginOf(entry).Answer = _ => null;
    }

    /// <summary>As gRPC speaks: HTTP/2 on both sides, <c>te: trailers</c>, messages both ways before either side has ended, the status in trailers.</summary>
    [Fact]
    public async Task Grpc_calls_run_both_ways_and_end_with_their_trailers()
    {
        await using var origin = await TestOrigin.StartAsync(EchoAsync, HttpProtocols.Http2);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient(HttpVersion.Version20);
        var upload = new DuplexContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://{origin.Authority}/svc/Call") { Content = upload, Version = HttpVersion.Version20 };
        request.Headers.TE.ParseAdd("trailers");
        request.Content.Headers.ContentType = new("application/grpc");

        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        var down = await answer.Content.ReadAsStreamAsync(Stop);
        var up = await upload.Stream.Task;
        for (var i = 0; i < 3; i++)
        {
            await up.WriteAsync(Encoding.ASCII.GetBytes($"message{i}"), Stop);
            await up.FlushAsync(Stop);
            var echo = new byte[8];
            await down.ReadExactlyAsync(echo, Stop);
            Assert.Equal($"message{i}", Encoding.ASCII.GetString(echo));
        }

        upload.End.SetResult();
        Assert.Equal(0, await down.ReadAsync(new byte[1], Stop));
        Assert.Equal("0", Assert.Single(answer.TrailingHeaders.GetValues("grpc-status")));
    }

    private static async Task EchoAsync(HttpContext context)
    {
        Assert.Equal("trailers", context.Request.Headers.TE);
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await context.Response.Body.FlushAsync();
        var buffer = new byte[100];
        for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0;)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, count));
            await context.Response.Body.FlushAsync();
        }

        context.Response.AppendTrailer("grpc-status", "0");
    }

    private async Task<(RawClient Client, WireReader Reader)> SendAsync(Entry entry, string template)
    {
        var client = await lab.OpenAsync(entry, FakeAuthenticator.Basic, Stop);
        await client.SendAsync(lab.Write(entry, template, FakeAuthenticator.Basic), Stop);
        return (client, new WireReader(client.Stream));
    }
}
