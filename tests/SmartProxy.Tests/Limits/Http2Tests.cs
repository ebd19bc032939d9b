using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using SmartProxy.Tests.Forwarding;
using static SmartProxy.Tests.Forwarding.RawHttp2;

namespace SmartProxy.Tests.Limits;

/// <summary>HTTP/2 inside the tunnel, as RFC 9113 wants it, and floods. Whatever an agent writes, the next connection is served.</summary>
public sealed class Http2Tests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _seen = new();
    private TestOrigin _origin = null!;
    private ProxyFixture _proxy = null!;

    private static int Flood => ProcessLab.IsLong ? 100_000 : 5_000;

    private string Authority => $"origin.test:{_origin.Port}";

    public async ValueTask InitializeAsync()
    {
        _origin = await TestOrigin.StartAsync(ServeAsync);
        _proxy = await ProxyFixture.StartAsync([_origin.Port]);
    }

    /// <summary>Requests that are malformed by RFC 9113 8.1.1, 8.2 and 8.3: <c>{h}</c> is the authority, <c>|</c> parts lines.</summary>
    public static TheoryData<string, string> Malformed => new()
    {
        { "8.3.1 method missing", ":scheme: https|:authority: {h}|:path: /x" },
        { "8.3.1 scheme missing", ":method: GET|:authority: {h}|:path: /x" },
        { "8.3.1 path missing", ":method: GET|:scheme: https|:authority: {h}" },
        { "8.3.1 path empty", ":method: GET|:scheme: https|:authority: {h}|:path:" },
        { "8.3.1 path without slash", ":method: GET|:scheme: https|:authority: {h}|:path: x" },
        { "8.3 method twice", ":method: GET|:method: GET|:scheme: https|:authority: {h}|:path: /x" },
        { "8.3 path twice", ":method: GET|:scheme: https|:authority: {h}|:path: /x|:path: /y" },
        { "8.3 authority twice", ":method: GET|:scheme: https|:authority: {h}|:authority: {h}|:path: /x" },
        { "8.3 unknown pseudo-header", ":method: GET|:scheme: https|:authority: {h}|:path: /x|:secret: 1" },
        { "8.3 pseudo-header of answers", ":method: GET|:scheme: https|:authority: {h}|:path: /x|:status: 200" },
        { "8.3 pseudo-header after a regular one", ":method: GET|:scheme: https|x-a: 1|:authority: {h}|:path: /x" },
        { "8.2.1 upper-case name", ":method: GET|:scheme: https|:authority: {h}|:path: /x|X-Big: 1" },
        { "8.2.1 blank in a name", ":method: GET|:scheme: https|:authority: {h}|:path: /x|x a: 1" },
        { "8.2.1 line feed in a value", ":method: GET|:scheme: https|:authority: {h}|:path: /x|x-a: 1\n2" },
        { "8.2.1 NUL in a value", ":method: GET|:scheme: https|:authority: {h}|:path: /x|x-a: 1\0" },
        { "8.2.2 connection", ":method: GET|:scheme: https|:authority: {h}|:path: /x|connection: keep-alive" },
        { "8.2.2 transfer-encoding", ":method: POST|:scheme: https|:authority: {h}|:path: /x|transfer-encoding: chunked" },
        { "8.2.2 keep-alive", ":method: GET|:scheme: https|:authority: {h}|:path: /x|keep-alive: 1" },
        { "8.2.2 proxy-connection", ":method: GET|:scheme: https|:authority: {h}|:path: /x|proxy-connection: close" },
        { "8.2.2 upgrade", ":method: GET|:scheme: https|:authority: {h}|:path: /x|upgrade: h2c" },
        { "8.2.2 te other than trailers", ":method: GET|:scheme: https|:authority: {h}|:path: /x|te: gzip" },
        { "8.3.1 another authority", ":method: GET|:scheme: https|:authority: other.test|:path: /x" },
        { "8.3.1 userinfo in authority", ":method: GET|:scheme: https|:authority: u@{h}|:path: /x" },
        { "8.3.1 another scheme", ":method: GET|:scheme: http|:authority: {h}|:path: /x" },
        { "8.5 CONNECT with path", ":method: CONNECT|:scheme: https|:authority: {h}|:path: /x" },
        { "8.5 CONNECT", ":method: CONNECT|:authority: {h}" },
        { "9110 9.1 lower-case method", ":method: get|:scheme: https|:authority: {h}|:path: /x" },
        { "9110 5.1 look-alike of a length", ":method: POST|:scheme: https|:authority: {h}|:path: /x|content_length: 1" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_request_never_reaches_an_origin(string clause, string lines)
    {
        using var client = await ConnectAsync();
        await client.RequestAsync(1, EndStream, lines.Replace("{h}", Authority, StringComparison.Ordinal).Split('|'));

        Assert.Matches("^(reset 1|goaway 1|40[05]|421|501)$", await client.EndOfAsync(1));
        Assert.True(_seen.IsEmpty, clause);
        await AssertHealthyAsync();
    }

    /// <summary>Frames that break the connection or the stream: name, frames in hex after a well-formed request that is still open on stream 1, ends.</summary>
    public static TheoryData<string, byte[], string> Broken => new()
    {
        { "6.1 DATA on stream 0", Frame(Http2Type.Data, 0, 0, [1]), "goaway 1" },
        { "6.2 HEADERS on stream 0", Frame(Http2Type.Headers, EndHeaders, 0, Block(":method: GET")), "goaway 1" },
        { "5.1.1 HEADERS on an even stream", Frame(Http2Type.Headers, EndHeaders, 2, Block(":method: GET")), "goaway 1" },
        { "5.1.1 HEADERS on an older stream", [.. Frame(Http2Type.Headers, EndHeaders, 9, Block(":method: GET")), .. Frame(Http2Type.Headers, EndHeaders, 3, Block(":method: GET"))], "goaway" },
        { "5.1 DATA on an idle stream", Frame(Http2Type.Data, 0, 7, [1]), "goaway" },
        { "6.4 RST_STREAM on an idle stream", Frame(Http2Type.Reset, 0, 7, Number(0)), "goaway 1" },
        { "6.4 RST_STREAM too short", Frame(Http2Type.Reset, 0, 1, [0]), "goaway 6" },
        { "6.5 SETTINGS with a stream", Frame(Http2Type.Settings, 0, 1, []), "goaway 1" },
        { "6.5 SETTINGS of odd length", Frame(Http2Type.Settings, 0, 0, [1, 2, 3]), "goaway 6" },
        { "6.5 SETTINGS ack with payload", Frame(Http2Type.Settings, Ack, 0, [0, 1, 0, 0, 0, 0]), "goaway 6" },
        { "6.5.2 window beyond its range", Frame(Http2Type.Settings, 0, 0, [0, 4, 0xff, 0xff, 0xff, 0xff]), "goaway 3" },
        { "6.5.2 frame size beyond its range", Frame(Http2Type.Settings, 0, 0, [0, 5, 0, 0, 0, 1]), "goaway 1" },
        { "6.5.2 push neither 0 nor 1", Frame(Http2Type.Settings, 0, 0, [0, 2, 0, 0, 0, 2]), "goaway 1" },
        { "6.6 PUSH_PROMISE of a client", Frame(Http2Type.PushPromise, EndHeaders, 1, [0, 0, 0, 2]), "goaway 1" },
        { "6.7 PING with a stream", Frame(Http2Type.Ping, 0, 1, new byte[8]), "goaway 1" },
        { "6.7 PING of odd length", Frame(Http2Type.Ping, 0, 0, new byte[7]), "goaway 6" },
        { "6.9 WINDOW_UPDATE of nothing", Frame(Http2Type.WindowUpdate, 0, 0, Number(0)), "goaway 1" },
        { "6.9.1 window over 2^31-1", Frame(Http2Type.WindowUpdate, 0, 0, Number(int.MaxValue)), "goaway 3" },
        { "6.10 CONTINUATION alone", Frame(Http2Type.Continuation, EndHeaders, 1, []), "goaway 1" },
        { "6.10 another frame in a header block", [.. Frame(Http2Type.Headers, 0, 3, Block(":method: GET")), .. Frame(Http2Type.Ping, 0, 0, new byte[8])], "goaway 1" },
        { "4.2 frame larger than allowed", Frame(Http2Type.Data, 0, 1, new byte[16_385]), "goaway 6" },
        { "4.3 header block that does not decode", Frame(Http2Type.Headers, EndHeaders, 3, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "goaway 9" },
        { "6.2 padding longer than the frame", Frame(Http2Type.Headers, EndHeaders | 8, 3, [200, 0]), "goaway 1" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_broken_frame_ends_its_connection(string clause, byte[] frames, string expected)
    {
        using var client = await ConnectAsync();
        await client.RequestAsync(1, 0, [":method: POST", ":scheme: https", $":authority: {Authority}", ":path: /sink"]);
        await client.SendAsync(frames);

        // The open request may still be answered while its connection ends.
        Assert.StartsWith(expected, await client.EndOfAsync(RawHttp2.NoStream), StringComparison.Ordinal);
        Assert.NotEqual("", clause);
        await AssertHealthyAsync();
    }

    [Theory]
    [InlineData("content-length: 5", 4)]
    [InlineData("content-length: 5", 6)]
    public async Task A_body_that_is_not_as_long_as_announced_is_no_request(string length, int bytes)
    {
        using var client = await ConnectAsync();
        await client.RequestAsync(1, 0, [":method: POST", ":scheme: https", $":authority: {Authority}", ":path: /sink", length]);
        await client.SendAsync(Frame(Http2Type.Data, EndStream, 1, new byte[bytes]));

        Assert.Matches("^(reset 1|400)$", await client.EndOfAsync(1));
        Assert.DoesNotContain("/sink whole", _seen);
    }

    [Fact]
    public async Task Unknown_frames_and_settings_are_ignored()
    {
        using var client = await ConnectAsync();
        await client.SendAsync(Frame((Http2Type)0xbe, 0, 0, [1, 2, 3]));
        await client.SendAsync(Frame(Http2Type.Settings, 0, 0, [0xab, 0xcd, 1, 2, 3, 4]));
        await client.RequestAsync(1, EndStream, Get(Authority, "/"));
        Assert.Equal("200", await client.EndOfAsync(1));
    }

    [Theory]
    [InlineData("{h}")]
    [InlineData("other.test")]
    public async Task The_authority_counts_and_a_host_beside_it_reaches_nobody(string host)
    {
        using var client = await ConnectAsync();
        await client.RequestAsync(1, EndStream, Get(Authority, "/", "host: " + host.Replace("{h}", Authority, StringComparison.Ordinal)));
        Assert.Equal("200", await client.EndOfAsync(1));
        Assert.Equal(Authority, Assert.Single(_seen).Split(' ')[1]);
    }

    [Fact]
    public async Task A_header_list_beyond_the_limit_ends_the_request()
    {
        using var client = await ConnectAsync();
        await SendBlockAsync(client, Block([.. Get(Authority, "/"), .. Enumerable.Range(0, 40).Select(i => $"x-{i}: {new string('x', 4_000)}")]));
        Assert.Matches("^(reset|goaway|431|closed)", await client.EndOfAsync(1));
        Assert.Empty(_seen);
        await AssertHealthyAsync();
    }

    [Theory]
    [InlineData("rapid reset")]
    [InlineData("ping")]
    [InlineData("settings")]
    [InlineData("empty data")]
    [InlineData("priority")]
    [InlineData("window update")]
    [InlineData("continuation")]
    [InlineData("empty continuation")]
    public async Task A_flood_ends_its_own_connection_or_is_taken_and_the_next_one_is_served(string kind)
    {
        using var client = await ConnectAsync();
        await client.RequestAsync(1, 0, [":method: POST", ":scheme: https", $":authority: {Authority}", ":path: /sink"]);
        if (kind.EndsWith("continuation", StringComparison.Ordinal))
        {
            await client.SendAsync(Frame(Http2Type.Headers, EndStream, 3, Block(Get(Authority, "/"))));
        }

        try
        {
            for (var sent = 0; sent < Flood; sent += 50)
            {
                await client.SendAsync([.. Enumerable.Range(sent, 50).SelectMany(number => Flooding(kind, number))]);
            }
        }
        catch (IOException)
        {
            // It has had enough.
        }

        await AssertHealthyAsync();
    }

    [Fact]
    public async Task A_stalled_window_holds_one_request_and_nothing_else()
    {
        using var client = await ConnectAsync();
        await client.SendAsync(Frame(Http2Type.Settings, 0, 0, [0, 4, 0, 0, 0, 0]));
        for (var stream = 1; stream < 100; stream += 2)
        {
            await client.RequestAsync(stream, EndStream, Get(Authority, "/large"));
        }

        await AssertHealthyAsync();
        await client.SendAsync(Frame(Http2Type.WindowUpdate, 0, 1, Number(65_535)));
        Http2Frame? frame;
        while ((frame = await client.ReadAsync()) is { Type: not Http2Type.Data })
        {
        }

        Assert.Equal(1, frame?.Stream);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private Task<RawHttp2> ConnectAsync() => RawHttp2.ConnectAsync(_proxy.Port, Authority, FakeAuthenticator.Basic);

    private byte[] Flooding(string kind, int number) => kind switch
    {
        "rapid reset" => [.. Frame(Http2Type.Headers, EndStream | EndHeaders, (number * 2) + 3, Block(Get(Authority, "/"))), .. Frame(Http2Type.Reset, 0, (number * 2) + 3, Number(8))],
        "ping" => Frame(Http2Type.Ping, 0, 0, new byte[8]),
        "settings" => Frame(Http2Type.Settings, 0, 0, []),
        "empty data" => Frame(Http2Type.Data, 0, 1, []),
        "priority" => Frame(Http2Type.Priority, 0, (number * 2) + 3, [0, 0, 0, 0, 16]),
        "window update" => Frame(Http2Type.WindowUpdate, 0, 1, Number(1)),
        "continuation" => Frame(Http2Type.Continuation, 0, 3, Block($"x-{number}: {new string('x', 1_000)}")),
        "empty continuation" => Frame(Http2Type.Continuation, 0, 3, []),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such flood"),
    };

    private static async Task SendBlockAsync(RawHttp2 client, byte[] block)
    {
        const int Most = 16_384;
        await client.SendAsync(Frame(Http2Type.Headers, EndStream, 1, block.AsSpan(0, Most)));
        try
        {
            for (var sent = Most; sent < block.Length; sent += Most)
            {
                var length = Math.Min(Most, block.Length - sent);
                await client.SendAsync(Frame(Http2Type.Continuation, sent + length == block.Length ? EndHeaders : (byte)0, 1, block.AsSpan(sent, length)));
            }
        }
        catch (IOException)
        {
            // It has seen enough.
        }
    }

    private async Task AssertHealthyAsync()
    {
        using var client = await ConnectAsync();
        await client.RequestAsync(1, EndStream, Get(Authority, "/"));
        Assert.Equal("200", await client.EndOfAsync(1));
    }

    private async Task ServeAsync(HttpContext context)
    {
        _seen.Enqueue($"{context.Request.Path} {context.Request.Host}");
        switch (context.Request.Path.Value)
        {
            case "/sink":
                await context.Request.Body.CopyToAsync(Stream.Null);
                _seen.Enqueue("/sink whole");
                break;
            case "/large":
                await context.Response.Body.WriteAsync(new byte[1024 * 1024]);
                break;
            default:
                break;
        }
    }
}
