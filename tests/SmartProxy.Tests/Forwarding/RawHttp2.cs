using System.Buffers.Binary;
using System.Net.Security;
using System.Text;

namespace SmartProxy.Tests.Forwarding;

/// <summary>A frame as it travels (RFC 9113 4.1).</summary>
internal sealed record Http2Frame(Http2Type Type, byte Flags, int Stream, byte[] Payload)
{
    /// <summary>The error code of RST_STREAM and GOAWAY.</summary>
    public uint Error => BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(Type == Http2Type.GoAway ? 4 : 0, 4));
}

internal enum Http2Type : byte
{
    Data = 0,
    Headers = 1,
    Priority = 2,
    Reset = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// <summary>An HTTP/2 client that writes whatever a test says (RFC 9113), inside an intercepted tunnel. Header blocks are literals, never compressed (RFC 7541).</summary>
internal sealed class RawHttp2 : IDisposable
{
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;
    public const byte Ack = 1;

    /// <summary>For who waits for the end of the connection.</summary>
    public const int NoStream = -1;

    private readonly RawClient _tunnel;

    private RawHttp2(RawClient tunnel) => _tunnel = tunnel;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<RawHttp2> ConnectAsync(int port, string authority, string credentials)
    {
        var tunnel = await RawClient.ConnectAsync(port, Stop);
        await tunnel.SendAsync($"CONNECT {authority} HTTP/1.1\r\nProxy-Authorization: {credentials}\r\n\r\n", Stop);
        Assert.StartsWith("HTTP/1.1 200 ", await tunnel.ReadHeadAsync(Stop), StringComparison.Ordinal);
        var tls = new SslStream(tunnel.Stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate?.Issuer.Contains("Smart Proxy CA", StringComparison.Ordinal) == true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = authority.Split(':')[0], ApplicationProtocols = [SslApplicationProtocol.Http2] }, Stop);
        Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
        tunnel.Stream = tls;
        return await OverAsync(tunnel);
    }

    /// <summary>Begins a connection inside a tunnel that agreed on HTTP/2.</summary>
    public static async Task<RawHttp2> OverAsync(RawClient tunnel)
    {
        var client = new RawHttp2(tunnel);
        await client.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Http2Type.Settings, 0, 0, [])]);
        return client;
    }

    public static byte[] Frame(Http2Type type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        (frame[3], frame[4]) = ((byte)type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>A header block of literals without indexing (RFC 7541 6.2.2). Lines are <c>name: value</c>; a pseudo header keeps its colon.</summary>
    public static byte[] Block(params IEnumerable<string> lines)
    {
        var block = new List<byte>();
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', 1);
            block.Add(0);
            AddText(block, line[..colon]);
            AddText(block, line[(colon + 1)..].TrimStart(' '));
        }

        return [.. block];
    }

    public static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    public static string[] Get(string authority, string path, params IEnumerable<string> more) =>
        [":method: GET", ":scheme: https", $":authority: {authority}", $":path: {path}", .. more];

    public Task RequestAsync(int stream, byte flags, params IEnumerable<string> lines) => SendAsync(Frame(Http2Type.Headers, (byte)(flags | EndHeaders), stream, Block(lines)));

    public Task SendAsync(byte[] bytes) => _tunnel.SendAsync(bytes, Stop);

    /// <summary>The next frame, or null at the end of the connection.</summary>
    public async Task<Http2Frame?> ReadAsync()
    {
        var head = new byte[9];
        try
        {
            await _tunnel.Stream.ReadExactlyAsync(head, Stop);
            var payload = new byte[(head[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(1))];
            await _tunnel.Stream.ReadExactlyAsync(payload, Stop);
            return new Http2Frame((Http2Type)head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>How a stream ends: <c>200</c>, <c>reset 1</c>, <c>goaway 1</c> or <c>closed</c>. Body and trailers are read over.</summary>
    public async Task<string> EndOfAsync(int stream)
    {
        string? status = null;
        while (await ReadAsync() is { } frame)
        {
            switch (frame.Type)
            {
                case Http2Type.Settings when frame.Flags == 0:
                    await TryAckAsync();
                    break;
                case Http2Type.GoAway when frame.Error != 0:
                    return $"goaway {frame.Error}";
                case Http2Type.Reset when frame.Stream == stream:
                    return status ?? $"reset {frame.Error}";
                case Http2Type.Headers or Http2Type.Data when frame.Stream == stream:
                    status ??= Status(frame.Payload);
                    if ((frame.Flags & EndStream) != 0)
                    {
                        return status;
                    }

                    break;
                default:
                    break;
            }
        }

        return "closed";
    }

    /// <summary>The body of an answer; empty when the stream or the connection is ended instead.</summary>
    public async Task<string> BodyOfAsync(int stream)
    {
        var body = new StringBuilder();
        while (await ReadAsync() is { Type: not Http2Type.GoAway } frame && (frame.Type, frame.Stream) != (Http2Type.Reset, stream))
        {
            if (frame.Stream != stream || frame.Type is not (Http2Type.Data or Http2Type.Headers))
            {
                continue;
            }

            body.Append(frame.Type == Http2Type.Data ? Encoding.UTF8.GetString(frame.Payload) : "");
            if ((frame.Flags & EndStream) != 0)
            {
                return body.ToString();
            }
        }

        return "";
    }

    public void Dispose()
    {
        _tunnel.Stream.Dispose();
        _tunnel.Dispose();
    }

    private async Task TryAckAsync()
    {
        try
        {
            await SendAsync(Frame(Http2Type.Settings, Ack, 0, []));
        }
        catch (IOException)
        {
            // It has ended; what it said is still to be read.
        }
    }

    // `:status` comes first: an index of the static table, or a literal under the table's name.
    private static string Status(ReadOnlySpan<byte> block)
    {
        while ((block[0] & 0xe0) == 0x20)
        {
            block = block[1..];
        }

        string[] known = ["200", "204", "206", "304", "400", "404", "500"];
        return (block[0] & 0x80) != 0 ? known[(block[0] & 0x7f) - 8] : Encoding.ASCII.GetString(block.Slice(2, block[1]));
    }

    private static void AddText(List<byte> block, string text)
    {
        var length = text.Length;
        block.Add((byte)Math.Min(length, 127));
        for (length -= 127; length >= 0; length = length >= 128 ? length >> 7 : -1)
        {
            block.Add((byte)(length >= 128 ? (length & 127) | 128 : length));
        }

        block.AddRange(Encoding.Latin1.GetBytes(text));
    }
}
