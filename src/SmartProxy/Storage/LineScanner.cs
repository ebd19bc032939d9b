namespace SmartProxy.Storage;

/// <summary>Cuts a file into lines without holding more than one of them.</summary>
internal sealed class LineScanner(Func<Span<byte>, long, int> read, long from, long end)
{
    /// <summary>The longest line that is read, in bytes; policy texts are the long ones.</summary>
    public const int MaxLine = 64 * 1024 * 1024;

    private byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _filled;
    private long _readTo = from;

    /// <summary>Where the line that was returned last starts in the file.</summary>
    public long Offset { get; private set; } = from;

    /// <summary>Where the next line starts.</summary>
    public long Next { get; private set; } = from;

    /// <summary>Whether the line that was returned last ended in a line feed; only the file's last line may lack it.</summary>
    public bool IsTerminated { get; private set; }

    /// <summary>The next line without its line feed; false at the end. Valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var feed = _buffer.AsSpan(_start + searched, _filled - _start - searched).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                return Take(searched + feed, terminated: true, out line);
            }

            searched = _filled - _start;
            if (!Fill())
            {
                return searched > 0 ? Take(searched, terminated: false, out line) : Take(0, terminated: false, out line) && false;
            }
        }
    }

    private bool Take(int length, bool terminated, out ReadOnlySpan<byte> line)
    {
        line = _buffer.AsSpan(_start, length);
        var size = length + (terminated ? 1 : 0);
        _start += size;
        (Offset, Next, IsTerminated) = (Next, Next + size, terminated);
        return true;
    }

    private bool Fill()
    {
        var wanted = (int)Math.Min(end - _readTo, int.MaxValue);
        if (wanted <= 0)
        {
            return false;
        }

        _buffer.AsSpan(_start, _filled - _start).CopyTo(_buffer);
        (_filled, _start) = (_filled - _start, 0);
        if (_filled == _buffer.Length)
        {
            if (_buffer.Length >= MaxLine)
            {
                throw new InvalidDataException($"a journal line is longer than {MaxLine} bytes");
            }

            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        var count = read(_buffer.AsSpan(_filled, Math.Min(wanted, _buffer.Length - _filled)), _readTo);
        (_filled, _readTo) = (_filled + count, _readTo + count);
        return count > 0;
    }
}
