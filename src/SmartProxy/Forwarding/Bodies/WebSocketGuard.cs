using System.Buffers.Binary;
using Microsoft.AspNetCore.Http.Features;
using SmartProxy.Connections;

namespace SmartProxy.Forwarding.Bodies;

/// <summary>An agent paid inside a WebSocket: the connection ends before the message reaches the origin.</summary>
internal sealed class AgentPaymentException(string form) : IOException($"the agent sent a payment of its own ({form}) in a WebSocket message");

/// <summary>Puts <see cref="WebSocketGuard"/> on what the agent sends once a connection was upgraded.</summary>
internal sealed class GuardedUpgrade(IHttpUpgradeFeature inner, AgentQuota.Share share, Func<ReadOnlyMemory<byte>, string?> find) : IHttpUpgradeFeature
{
    public bool IsUpgradableRequest => inner.IsUpgradableRequest;

    public async Task<Stream> UpgradeAsync() => new WebSocketGuard(await inner.UpgradeAsync(), share, find);
}

/// <inheritdoc cref="GuardedUpgrade"/>
internal sealed class GuardedExtendedConnect(IHttpExtendedConnectFeature inner, AgentQuota.Share share, Func<ReadOnlyMemory<byte>, string?> find) : IHttpExtendedConnectFeature
{
    public bool IsExtendedConnect => inner.IsExtendedConnect;

    public string? Protocol => inner.Protocol;

    public async ValueTask<Stream> AcceptAsync() => new WebSocketGuard(await inner.AcceptAsync(), share, find);
}

/// <summary>
/// Reads WebSocket frames (RFC 6455 5.2) as they pass and looks into every message before its last frame goes on. Bytes are passed as they came.
/// What is no frame of a client ends the connection. Extensions are not offered to the origin, so that messages are never compressed.
/// What is held of a message counts in its agent's share, and is given back when the message is over.
/// </summary>
internal sealed class WebSocketGuard(Stream inner, AgentQuota.Share share, Func<ReadOnlyMemory<byte>, string?> find) : Stream
{
    /// <summary>Longer messages pass after their beginning was looked at; payments are short.</summary>
    public const int MaxMessage = 1024 * 1024;

    private const int ReadBytes = 16 * 1024;
    private const byte Continuation = 0x0;
    private const byte LastData = 0x2;

    private readonly MessageMemory _memory = new(share, ReadBytes);
    private byte[] _message = [];
    private int _messageLength;
    private bool _isJudged;
    private byte[] _raw = new byte[ReadBytes];
    private int _start;
    private int _end;
    private int _cleared;
    private long _uninspected;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty && _cleared == _start)
        {
            if (!await FillAsync(cancellationToken))
            {
                // A frame that was cut does not go on: the message that it ends was not looked at.
                return 0;
            }

            Clear();
        }

        var count = Math.Min(buffer.Length, _cleared - _start);
        _raw.AsSpan(_start, count).CopyTo(buffer.Span);
        _start += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _memory.Dispose();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _raw.AsSpan(_start, _end - _start).CopyTo(_raw);
            (_start, _cleared, _end) = (0, _cleared - _start, _end - _start);
        }

        // Room for as much again, and no more than that is kept of a message that has passed.
        var wanted = (2 * _end) + ReadBytes;
        if (_raw.Length - _end < ReadBytes / 2 || _raw.Length > wanted)
        {
            _memory.Resize(ref _raw, wanted);
        }

        var count = await inner.ReadAsync(_raw.AsMemory(_end), cancellationToken);
        _end += count;
        return count > 0;
    }

    // Moves the mark over everything that may go on.
    private void Clear()
    {
        while (_cleared < _end)
        {
            if (_uninspected > 0)
            {
                var passed = (int)Math.Min(_uninspected, _end - _cleared);
                _uninspected -= passed;
                _cleared += passed;
                continue;
            }

            if (!TryReadFrame(_raw.AsSpan(_cleared, _end - _cleared), out var length))
            {
                return;
            }

            var here = (int)Math.Min(length, _end - _cleared);
            _uninspected = length - here;
            _cleared += here;
        }
    }

    private bool TryReadFrame(ReadOnlySpan<byte> bytes, out long length)
    {
        length = 0;
        if (bytes.Length < 2)
        {
            return false;
        }

        var (isLast, opcode, size) = ((bytes[0] & 0x80) != 0, (byte)(bytes[0] & 0x0F), (long)(bytes[1] & 0x7F));
        if ((bytes[0] & 0x70) != 0 || (bytes[1] & 0x80) == 0)
        {
            throw new IOException("expected a masked WebSocket frame without extensions from a client (RFC 6455 5.2)");
        }

        var sizeBytes = size switch
        {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        var head = 2 + sizeBytes + 4;
        if (bytes.Length < head)
        {
            return false;
        }

        size = sizeBytes switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            8 => (long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]), long.MaxValue / 2),
            _ => size,
        };
        length = head + size;

        // Control frames may stand between the frames of a message, and hold no message.
        if (opcode > LastData)
        {
            return true;
        }

        if (opcode != Continuation)
        {
            Drop();
        }

        var wanted = _isJudged ? 0 : (int)Math.Min(size, MaxMessage - _messageLength);
        if (bytes.Length < head + wanted)
        {
            return false;
        }

        Unmask(bytes.Slice(head - 4, 4), bytes.Slice(head, wanted));
        if (isLast || _messageLength == MaxMessage)
        {
            Judge();
            Drop();
            _isJudged = !isLast;
        }

        return true;
    }

    private void Drop()
    {
        (_messageLength, _isJudged) = (0, false);
        _memory.Resize(ref _message, 0);
    }

    private void Unmask(ReadOnlySpan<byte> mask, ReadOnlySpan<byte> payload)
    {
        if (_message.Length - _messageLength < payload.Length)
        {
            _memory.Resize(ref _message, Math.Min(MaxMessage, Math.Max(2 * _message.Length, _messageLength + payload.Length)));
        }

        var here = _message.AsSpan(_messageLength, payload.Length);
        for (var i = 0; i < payload.Length; i++)
        {
            here[i] = (byte)(payload[i] ^ mask[i & 3]);
        }

        _messageLength += payload.Length;
    }

    private void Judge()
    {
        if (find(_message.AsMemory(0, _messageLength)) is { } form)
        {
            throw new AgentPaymentException(form);
        }
    }
}
