namespace SmartProxy.Storage;

/// <summary>
/// The segments of a journal, read as if they were one file: an offset counts the bytes of the segments before. Every reader reads through this,
/// beside a process that may be writing the last segment.
/// </summary>
internal sealed class JournalSegments : IDisposable
{
    // Replaced as a whole, so that readers on other threads see the segments of a moment.
    private volatile JournalSegment[] _segments = [];

    private readonly IDisk _disk;

    private JournalSegments(IDisk disk) => _disk = disk;

    /// <summary>Bytes of all segments together.</summary>
    public long Length => Last.Start + Last.File.Length;

    public IReadOnlyList<JournalSegment> All => _segments;

    public JournalSegment Last => _segments[^1];

    /// <exception cref="FileNotFoundException">There is no journal.</exception>
    /// <exception cref="InvalidDataException">A segment is missing, or of a newer version.</exception>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="disk">Where it lies; the local disk by default.</param>
    public static JournalSegments Open(string dataFolder, IDisk? disk = null)
    {
        var segments = new JournalSegments(disk ?? new PosixDisk());
        try
        {
            foreach (var path in JournalFiles.Segments(dataFolder, segments._disk))
            {
                segments.Add(path);
            }

            return segments._segments.Length > 0 ? segments : throw new FileNotFoundException($"there is no journal in `{JournalFiles.FolderIn(dataFolder)}`");
        }
        catch
        {
            segments.Dispose();
            throw;
        }
    }

    /// <summary>Adds the segment that follows the last one, which grows no more.</summary>
    public void Add(string path)
    {
        var start = _segments.Length == 0 ? 0 : Length;
        _segments = [.. _segments, new JournalSegment(_segments.Length + 1, path, start, _disk.OpenToRead(path))];
    }

    /// <summary>The lines from an offset, where one must begin, to another.</summary>
    public LineScanner Scan(long from = 0, long? end = null) => new(Read, from, end ?? Length);

    /// <summary>All lines up to now, parsed on every core.</summary>
    public JournalPipe Pipe(bool withCommitments = false) => new(this, 0, Length) { WithCommitments = withCommitments };

    /// <summary>Where an offset lies, for people.</summary>
    public string PlaceOf(long offset)
    {
        var segment = At(offset);
        return $"`{Path.GetFileName(segment.Path)}` byte {offset - segment.Start}";
    }

    /// <summary>Reads at an offset, never over the end of a segment; 0 at the end of the last one.</summary>
    public int Read(Span<byte> bytes, long offset)
    {
        var segment = At(offset);
        return segment.File.Read(bytes[..(int)Math.Min(bytes.Length, EndOf(segment) - offset)], offset - segment.Start);
    }

    /// <summary>Where the next segment starts; the last one has no end.</summary>
    public long EndOf(JournalSegment segment)
    {
        var segments = _segments;
        return segment.Number < segments.Length ? segments[segment.Number].Start : long.MaxValue;
    }

    public void Dispose()
    {
        foreach (var segment in _segments)
        {
            segment.File.Dispose();
        }
    }

    private JournalSegment At(long offset)
    {
        var segments = _segments;
        var number = segments.Length;
        while (number > 1 && segments[number - 1].Start > offset)
        {
            number--;
        }

        return segments[number - 1];
    }
}

/// <param name="Number">From 1.</param>
/// <param name="Path">Its file.</param>
/// <param name="Start">Bytes of the segments before it.</param>
/// <param name="File">Open for reading.</param>
internal sealed record JournalSegment(int Number, string Path, long Start, IDiskFile File);
