using System.Buffers;
using System.Security.Cryptography;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Bodies;

/// <summary>
/// A request body that can be read again. It streams with no added wait and keeps what has passed, up to a limit; a larger body passes on
/// unhindered and can no longer be replayed. One reader at a time.
/// </summary>
/// <remarks>
/// The caller's cancellation never reaches the inner read while the body is retained: an origin that answers early makes the forwarder cancel
/// its copy, and a server's body whose read was cancelled stays broken. The read is kept as a task into a chunk of ours; the next reader picks
/// the same task up.
/// </remarks>
/// <param name="inner">The body as it arrives. Not disposed: it belongs to the server.</param>
/// <param name="limit">Bytes retained at most.</param>
/// <param name="budget">The memory that its agent may still take.</param>
internal sealed class ReplayableBody(Stream inner, int limit, ReplayBudget.Share budget) : ForwardOnlyStream
{
    private const int ChunkBytes = 16 * 1024;

    private readonly List<byte[]> _chunks = [];
    private Task<int>? _fill;
    private int _retained;
    private int _position;
    private bool _ended;
    private bool _failed;
    private volatile bool _released;

    // The one chunk beyond the limit, on its way through.
    private byte[]? _overflow;
    private int _overflowLength;
    private int _overflowPosition;

    /// <summary>Whether <see cref="Rewind"/> is possible: everything read so far is retained.</summary>
    public bool IsReplayable => !_released && !_failed;

    public override bool CanRead => true;

    /// <summary>Starts over. What is retained is read again, then the rest as it arrives.</summary>
    public void Rewind()
    {
        if (!IsReplayable)
        {
            throw new InvalidOperationException("the body was too large to be retained");
        }

        _position = 0;
    }

    /// <summary>Says that nobody will ask again: memory is given back as soon as the reader allows.</summary>
    public void Release()
    {
        _released = true;

        // INVARIANT: after its end was seen and all of it was read, no reader touches the chunks.
        if (Volatile.Read(ref _ended) && Volatile.Read(ref _position) == _retained)
        {
            FreeChunks();
        }
    }

    /// <summary>Reads on until everything is retained. False when the body is too large, was not retained, or broke off.</summary>
    public async ValueTask<bool> CompleteAsync(CancellationToken cancellationToken)
    {
        try
        {
            _position = _retained;
            while (IsReplayable && !_ended)
            {
                await FillAsync(cancellationToken);
                _position = _retained;
            }
        }
        catch (IOException)
        {
            // The agent went away, or its body was malformed.
        }

        return IsReplayable && _ended;
    }

    /// <summary>
    /// Reads on until the end, until more than <paramref name="bytes"/> have arrived, or until no more can be retained, and starts over.
    /// True when the body is whole and no longer than that.
    /// </summary>
    public async ValueTask<bool> PeekAsync(int bytes, CancellationToken cancellationToken)
    {
        while (IsReplayable && !_ended && _retained <= bytes && _retained < limit)
        {
            _position = _retained;
            await FillAsync(cancellationToken);
        }

        _position = 0;
        return _ended && _retained <= bytes;
    }

    /// <summary>What is retained, as one piece.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[_retained];
        var written = 0;
        foreach (var chunk in _chunks)
        {
            var length = Math.Min(ChunkBytes, _retained - written);
            chunk.AsSpan(0, length).CopyTo(bytes.AsSpan(written));
            written += length;
        }

        return bytes;
    }

    /// <summary>SHA-256 of what is retained.</summary>
    public Bytes32 Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var left = _retained;
        foreach (var chunk in _chunks)
        {
            var length = Math.Min(ChunkBytes, left);
            hash.AppendData(chunk.AsSpan(0, length));
            left -= length;
        }

        Span<byte> digest = stackalloc byte[Bytes32.Length];
        hash.GetHashAndReset(digest);
        return new Bytes32(digest);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_position < _retained)
            {
                return buffer.IsEmpty ? 0 : TakeRetained(buffer.Span);
            }

            if (_overflowPosition < _overflowLength)
            {
                return buffer.IsEmpty ? 0 : TakeOverflow(buffer.Span);
            }

            if (_ended)
            {
                return 0;
            }

            if (_released && _fill is null)
            {
                FreeChunks();
                return await inner.ReadAsync(buffer, cancellationToken);
            }

            await FillAsync(cancellationToken);
        }
    }

    /// <summary>Gives all memory back, unless a read is still under way into it; then the collector takes that chunk.</summary>
    protected override void Dispose(bool disposing)
    {
        _released = true;
        FreeChunks();
        base.Dispose(disposing);
    }

    /// <summary>Gets more bytes into a chunk of ours. Called only when everything retained has been read.</summary>
    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        _fill ??= StartFill();
        if (_fill is null)
        {
            return;
        }

        var count = await WaitAsync(_fill, cancellationToken);
        _fill = null;
        if (count == 0)
        {
            FreeOverflow();
            Volatile.Write(ref _ended, true);
        }
        else if (_overflow is not null)
        {
            _overflowLength = count;
            _overflowPosition = 0;
            _released = true;
            FreeChunks(exceptOverflow: true);
        }
        else
        {
            _retained += count;
        }
    }

    /// <summary>Starts a read into the free part of the last chunk, a new chunk, or, at the limit, the one beyond it. Null when memory is short.</summary>
    private Task<int>? StartFill()
    {
        var offset = _retained % ChunkBytes;
        var room = Math.Min(ChunkBytes - offset, limit - _retained);
        if (room > 0 && _retained == _chunks.Count * ChunkBytes)
        {
            if (!budget.TryTake(ChunkBytes))
            {
                _released = true;
                return null;
            }

            _chunks.Add(ArrayPool<byte>.Shared.Rent(ChunkBytes));
        }

        // A body of exactly the limit is still replayable: what comes next decides.
        var target = room > 0 ? _chunks[^1].AsMemory(offset, room) : (_overflow ??= ArrayPool<byte>.Shared.Rent(ChunkBytes));
        return inner.ReadAsync(target, CancellationToken.None).AsTask();
    }

    private async ValueTask<int> WaitAsync(Task<int> fill, CancellationToken cancellationToken)
    {
        try
        {
            return await fill.WaitAsync(cancellationToken);
        }
        catch (Exception) when (fill.IsFaulted || fill.IsCanceled)
        {
            _failed = true;
            throw;
        }
    }

    private int TakeRetained(Span<byte> destination)
    {
        var offset = _position % ChunkBytes;
        var length = Math.Min(Math.Min(destination.Length, ChunkBytes - offset), _retained - _position);
        _chunks[_position / ChunkBytes].AsSpan(offset, length).CopyTo(destination);

        // Published after the copy: Release looks at it from another thread.
        Volatile.Write(ref _position, _position + length);
        return length;
    }

    private int TakeOverflow(Span<byte> destination)
    {
        var length = Math.Min(destination.Length, _overflowLength - _overflowPosition);
        _overflow.AsSpan(_overflowPosition, length).CopyTo(destination);
        _overflowPosition += length;
        return length;
    }

    private void FreeChunks(bool exceptOverflow = false)
    {
        var busy = _fill is { IsCompleted: false };
        foreach (var chunk in _chunks)
        {
            budget.Give(ChunkBytes);
            if (!busy || chunk != _chunks[^1])
            {
                ArrayPool<byte>.Shared.Return(chunk);
            }
        }

        _chunks.Clear();
        (_retained, _position) = (0, 0);
        if (!exceptOverflow && !busy)
        {
            FreeOverflow();
        }
    }

    private void FreeOverflow()
    {
        if (_overflow is not null)
        {
            ArrayPool<byte>.Shared.Return(_overflow);
            _overflow = null;
            (_overflowLength, _overflowPosition) = (0, 0);
        }
    }
}
