namespace SmartProxy.Storage;

/// <summary>Remembers where every so many lines begin, so that a reader can start in the middle. Written by one thread, read by any.</summary>
internal sealed class JournalIndex
{
    /// <summary>Lines from one remembered place to the next.</summary>
    public const int Stride = 1024;

    private readonly List<long> _offsets = [0];

    /// <summary>Takes a line in; lines come in order.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="next">Where the next one begins.</param>
    public void Add(long number, long next)
    {
        if (number % Stride == 0)
        {
            lock (_offsets)
            {
                _offsets.Add(next);
            }
        }
    }

    /// <summary>Takes a batch in.</summary>
    /// <param name="first">Number of its first line.</param>
    /// <param name="offset">Where that begins.</param>
    /// <param name="lines">The bytes, each line with its line feed.</param>
    public void Add(long first, long offset, ReadOnlySpan<byte> lines)
    {
        for (var number = first; lines.Length > 0; number++)
        {
            var size = lines.IndexOf((byte)'\n') + 1;
            offset += size;
            lines = lines[size..];
            Add(number, offset);
        }
    }

    /// <summary>The nearest remembered place before the line after <paramref name="number"/>: the line before it, and its offset.</summary>
    public (long Number, long Offset) Before(long number)
    {
        lock (_offsets)
        {
            var place = (int)Math.Min(number / Stride, _offsets.Count - 1);
            return ((long)place * Stride, _offsets[place]);
        }
    }
}
