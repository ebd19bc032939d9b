using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using SmartProxy.Tests.Forwarding;
using static SmartProxy.Tests.Forwarding.RawHttp2;

namespace SmartProxy.Tests.Limits;

/// <summary>
/// Floods of HTTP/2 frames against the product as a process. What costs more than its bytes ends its own connection with the error that RFC 9113 10.5 has
/// for it; what costs no more is taken, reaches nobody and takes no memory. Another agent is served meanwhile.
/// </summary>
public sealed class Http2FloodTests : IClassFixture<SecureLab>
{
    private const int MegaByte = 1024 * 1024;
    private const int Patience = 120_000;
    private const int Sink = 1;
    private const int Batch = 500;

    /// <summary>Beyond every stream that a flood opens.</summary>
    private const int Last = 2_000_001;

    private const long GrowthBound = 64 * MegaByte;

    private static readonly byte[] Probe = [.. "answered"u8];

    private readonly ConcurrentQueue<string> _seen = new();
    private readonly SecureLab _lab;

    public Http2FloodTests(SecureLab lab)
    {
        _lab = lab;
        _lab.Serve = ServeAsync;
    }

    private static int Frames => ProcessLab.IsLong ? 200_000 : 20_000;

    private string Authority => _lab.Authority;

    [Theory(Timeout = Patience)]
    [InlineData("rapid reset", "closed|goaway 11")]
    [InlineData("made you reset by length", "closed|goaway 11")]
    [InlineData("made you reset by window", "closed|goaway 11")]
    [InlineData("hpack bomb", "goaway 1")]
    public async Task A_flood_that_costs_more_than_its_bytes_ends_its_connection(string kind, string end)
    {
        using var client = await ConnectAsync("me");
        var before = _lab.Proxy.ForgetPeak();

        // Where the server aborts the connection, its GOAWAY may be lost with it.
        Assert.Matches($"^({end})$", await FloodAsync(client, kind).WaitAsync(TestContext.Current.CancellationToken));
        await AssertServedAsync("you");
        Assert.InRange(_lab.Proxy.PeakBytes - before, long.MinValue, GrowthBound);
        Assert.DoesNotContain("/sink whole", _seen);
    }

    [Theory(Timeout = Patience)]
    [InlineData("continuation", "goaway 1")]
    [InlineData("empty continuation", "goaway 1")]
    public async Task A_head_without_end_ends_its_connection(string kind, string end)
    {
        using var client = await ConnectAsync("me");
        var before = _lab.Proxy.ForgetPeak();
        await client.SendAsync(Frame(Http2Type.Headers, EndStream, 3, Block(Get(Authority, "/"))));
        await client.SendAsync([.. Enumerable.Range(0, Frames / 100).SelectMany(number => FrameOf(kind, number))]);
        await AssertServedAsync("you");

        Assert.Equal(end, await client.EndOfAsync(NoStream).WaitAsync(TestContext.Current.CancellationToken));
        Assert.InRange(_lab.Proxy.PeakBytes - before, long.MinValue, GrowthBound);
        Assert.Equal(["/served"], _seen);
    }

    [Theory(Timeout = Patience)]
    [InlineData("ping", 0)]
    [InlineData("settings", 0)]
    [InlineData("priority", 0)]
    [InlineData("empty data", 1)]
    [InlineData("window update", 1)]
    public async Task A_flood_that_costs_no_more_than_its_bytes_is_taken_and_reaches_nobody(string kind, int requests)
    {
        using var client = await ConnectAsync("me");
        if (requests > 0)
        {
            await client.SendAsync(Upload(Sink));
        }

        var before = _lab.Proxy.ForgetPeak();
        var flood = FloodAsync(client, kind);
        await AssertServedAsync("you");
        Assert.Equal("taken", await flood.WaitAsync(TestContext.Current.CancellationToken));
        await client.RequestAsync(Last, EndStream, Get(Authority, "/last"));

        Assert.Equal("200", await client.EndOfAsync(Last));
        Assert.InRange(_lab.Proxy.PeakBytes - before, long.MinValue, GrowthBound);
        Assert.Equal(["/last", "/served", .. Enumerable.Repeat("/sink", requests)], _seen.Order(StringComparer.Ordinal));
    }

    [Fact(Timeout = Patience)]
    public async Task Windows_of_one_byte_hold_back_their_origins_and_nobody_else()
    {
        const int Streams = 90;
        const int Rounds = 20;
        using var client = await ConnectAsync("me");
        var before = _lab.Proxy.ForgetPeak();
        await client.SendAsync(Frame(Http2Type.Settings, 0, 0, [0, 4, 0, 0, 0, 1]));
        for (var stream = 1; stream < 2 * Streams; stream += 2)
        {
            await client.RequestAsync(stream, EndStream, Get(Authority, "/large"));
        }

        var bytes = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            while (bytes < Streams * round)
            {
                bytes += await DataAsync(client).WaitAsync(TestContext.Current.CancellationToken);
            }

            Assert.Equal(Streams * round, bytes);
            await client.SendAsync([.. Enumerable.Range(0, Streams).SelectMany(i => Frame(Http2Type.WindowUpdate, 0, (2 * i) + 1, Number(1)))]);
        }

        await AssertServedAsync("you");
        Assert.InRange(_lab.Proxy.PeakBytes - before, long.MinValue, GrowthBound);
    }

    private Task<RawHttp2> ConnectAsync(string agent) => RawHttp2.ConnectAsync(_lab.Proxy.Address.Port, Authority, _lab.Proxy.CredentialsOf(agent));

    // In step with the server, so that its goodbye is read before a reset of the connection overtakes it.
    private async Task<string> FloodAsync(RawHttp2 client, string kind)
    {
        var batch = kind == "hpack bomb" ? 1 : Batch;
        for (var sent = 0; sent < Frames; sent += batch)
        {
            try
            {
                await client.SendAsync([.. Enumerable.Range(sent, batch).SelectMany(number => FrameOf(kind, (2 * number) + 3)), .. Frame(Http2Type.Ping, 0, 0, Probe)]);
            }
            catch (IOException)
            {
                // It has ended; what it said is still to be read.
            }

            if (await UntilProbeAsync(client) is { } end)
            {
                return end;
            }
        }

        return "taken";
    }

    // How the connection ended, or null when what was sent has been taken.
    private static async Task<string?> UntilProbeAsync(RawHttp2 client)
    {
        while (await client.ReadAsync() is { } frame)
        {
            switch (frame.Type)
            {
                case Http2Type.Ping when frame.Flags == Ack && frame.Payload.SequenceEqual(Probe):
                    return null;
                case Http2Type.GoAway when frame.Error != 0:
                    return $"goaway {frame.Error}";
                default:
                    break;
            }
        }

        return "closed";
    }

    private byte[] FrameOf(string kind, int stream) => kind switch
    {
        "rapid reset" => [.. Frame(Http2Type.Headers, EndStream | EndHeaders, stream, Block(Get(Authority, "/"))), .. Frame(Http2Type.Reset, 0, stream, Number(8))],
        "made you reset by length" => [.. Upload(stream, "content-length: 1"), .. Frame(Http2Type.Data, EndStream, stream, new byte[2])],
        "made you reset by window" => [.. Upload(stream), .. Frame(Http2Type.WindowUpdate, 0, stream, Number(int.MaxValue))],
        "continuation" => Frame(Http2Type.Continuation, 0, 3, Block($"x-{stream}: {new string('x', 1_000)}")),
        "empty continuation" => Frame(Http2Type.Continuation, 0, 3, []),
        "hpack bomb" => Frame(Http2Type.Headers, EndStream | EndHeaders, stream, Bomb()),
        "ping" => Frame(Http2Type.Ping, 0, 0, new byte[8]),
        "settings" => Frame(Http2Type.Settings, 0, 0, []),
        "priority" => Frame(Http2Type.Priority, 0, stream, [0, 0, 0, 0, 16]),
        "empty data" => Frame(Http2Type.Data, 0, Sink, []),
        "window update" => Frame(Http2Type.WindowUpdate, 0, Sink, Number(1)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such flood"),
    };

    private byte[] Upload(int stream, params IEnumerable<string> more) =>
        Frame(Http2Type.Headers, EndHeaders, stream, Block([":method: POST", ":scheme: https", $":authority: {Authority}", ":path: /sink", .. more]));

    // One entry of 4,000 bytes in the table, and 8,000 references to it: 12 KB that stand for 32 MB (RFC 7541 6.1 and 6.2.1).
    private byte[] Bomb()
    {
        const byte WithIndexing = 0x40;
        const byte NewestEntry = 0x80 | 62;
        var literal = Block("x-bomb: " + new string('x', 4_000));
        literal[0] = WithIndexing;
        return [.. Block(Get(Authority, "/")), .. literal, .. Enumerable.Repeat(NewestEntry, 8_000)];
    }

    // How many bytes of bodies the next frame holds.
    private static async Task<int> DataAsync(RawHttp2 client) => await client.ReadAsync() switch
    {
        { Type: Http2Type.Data } data => data.Payload.Length,
        { Type: Http2Type.GoAway or Http2Type.Reset } end => throw new InvalidOperationException($"{end.Type} {end.Error}"),
        null => throw new InvalidOperationException("the connection has ended"),
        _ => 0,
    };

    private async Task AssertServedAsync(string agent)
    {
        using var client = await ConnectAsync(agent);
        await client.RequestAsync(1, EndStream, Get(Authority, "/served"));
        Assert.Equal("200", await client.EndOfAsync(1));
    }

    private async Task ServeAsync(HttpContext context)
    {
        _seen.Enqueue(context.Request.Path);
        switch (context.Request.Path.Value)
        {
            case "/sink":
                await context.Request.Body.CopyToAsync(Stream.Null);
                _seen.Enqueue("/sink whole");
                break;
            case "/large":
                await context.Response.Body.WriteAsync(new byte[4 * MegaByte], context.RequestAborted);
                break;
            default:
                break;
        }
    }
}
