using System.Buffers.Binary;
using System.Text;

namespace SmartProxy.Tests.Network;

/// <summary>HTTP/2 by hand (RFC 9113, RFC 7541), so that a client can claim any authority.</summary>
internal sealed class RawHttp2(Stream stream)
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;

    private int _next = 1;

    /// <summary>Asks for <c>/</c> and returns the body; empty when the stream or the connection was ended instead.</summary>
    public async Task<string> GetAsync(string authority, CancellationToken cancellationToken)
    {
        if (_next == 1)
        {
            await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), cancellationToken);
            await SendAsync(Settings, 0, 0, [], cancellationToken);
        }

        var id = _next;
        _next += 2;
        byte[] block = [.. Field(":method", "GET"), .. Field(":scheme", "https"), .. Field(":path", "/"), .. Field(":authority", authority)];
        await SendAsync(Headers, EndStream | EndHeaders, id, block, cancellationToken);
        return await ReadAsync(id, cancellationToken);
    }

    private async Task<string> ReadAsync(int id, CancellationToken cancellationToken)
    {
        var body = new StringBuilder();
        var head = new byte[9];
        while (true)
        {
            if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken) < head.Length)
            {
                return "";
            }

            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, cancellationToken);
            var (type, flags, streamId) = (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)));
            if (type == GoAway || (type == Reset && streamId == id))
            {
                return "";
            }

            if (type == Data && streamId == id)
            {
                body.Append(Encoding.UTF8.GetString(payload));
            }

            if (type is Data or Headers && streamId == id && (flags & EndStream) != 0)
            {
                return body.ToString();
            }
        }
    }

    private async Task SendAsync(byte type, byte flags, int id, byte[] payload, CancellationToken cancellationToken)
    {
        byte[] head = [0, (byte)(payload.Length >> 8), (byte)(payload.Length & 0xff), type, flags, 0, 0, (byte)(id >> 8), (byte)(id & 0xff)];
        await stream.WriteAsync(head.Concat(payload).ToArray(), cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    // A literal that is not indexed, neither name nor value compressed.
    private static byte[] Field(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
