namespace SmartProxy.Storage;

/// <summary>Whole lines, one after another; only the last chunk of a journal may end within one.</summary>
internal readonly record struct JournalChunk(byte[] Bytes, int Length, long Offset);

/// <summary>Cuts a journal into chunks that end with a line feed.</summary>
internal sealed class JournalChunks(JournalSegments segments, long from, long end)
{
    /// <summary>The usual size of a chunk, in bytes: small enough for it and its lines to be young garbage.</summary>
    public const int Size = 64 * 1024;

    private long _next = from;
    private byte[] _rest = [];

    /// <summary>The next chunk; false at the end.</summary>
    /// <param name="buffer">Where it is put, unless a line is longer.</param>
    /// <param name="chunk">The chunk.</param>
    /// <exception cref="InvalidDataException">A line is too long to be one.</exception>
    public bool TryRead(byte[] buffer, out JournalChunk chunk)
    {
        if (buffer.Length < _rest.Length)
        {
            buffer = new byte[2 * _rest.Length];
        }

        var offset = _next - _rest.Length;
        _rest.CopyTo(buffer, 0);
        var filled = Fill(buffer, _rest.Length);
        while (_next < end && Array.LastIndexOf(buffer, (byte)'\n', filled - 1) < 0)
        {
            if (buffer.Length >= LineScanner.MaxLine)
            {
                throw new InvalidDataException($"a journal line is longer than {LineScanner.MaxLine} bytes");
            }

            Array.Resize(ref buffer, 2 * buffer.Length);
            filled = Fill(buffer, filled);
        }

        var length = _next < end ? buffer.AsSpan(0, filled).LastIndexOf((byte)'\n') + 1 : filled;
        _rest = buffer[length..filled];
        chunk = new JournalChunk(buffer, length, offset);
        return length > 0;
    }

    private int Fill(byte[] buffer, int filled)
    {
        while (filled < buffer.Length && _next < end)
        {
            var read = segments.Read(buffer.AsSpan(filled, (int)Math.Min(buffer.Length - filled, end - _next)), _next);
            if (read == 0)
            {
                throw new EndOfStreamException("the journal became shorter while it was read");
            }

            (filled, _next) = (filled + read, _next + read);
        }

        return filled;
    }
}
