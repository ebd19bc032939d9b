using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// The append-only journal of one process and its head. Whatever goes wrong with a write or a sync ends it for good: the kernel may have dropped
/// what could not be written, so trying again would prove nothing. Opened by <see cref="JournalRecovery"/>.
/// </summary>
internal sealed class FileJournal : IDisposable
{
    private readonly string _dataFolder;
    private readonly IDisk _disk;
    private readonly long _segmentBytes;
    private readonly DiskReserve _reserve;
    private readonly JournalSegments _segments;
    private readonly JournalIndex _index;
    private readonly IDiskFile _headFile;
    private IDiskFile _file;
    private volatile JournalHead _head;
    private bool _failed;

    /// <param name="opened">What is on disk: the last segment, to go on with, and the head, which is the end of it.</param>
    /// <param name="disk">Where further segments are made.</param>
    /// <param name="options">How large segments and the reserve are.</param>
    /// <param name="index">Where its lines are.</param>
    public FileJournal(OpenedFiles opened, IDisk disk, LedgerOptions options, JournalIndex index)
    {
        (_dataFolder, _file, _headFile, _head) = (opened.DataFolder, opened.Segment, opened.HeadFile, opened.Head);
        (_disk, _segmentBytes, _index) = (disk, options.SegmentBytes, index);
        _reserve = new DiskReserve(_dataFolder, disk, options.ReserveBytes);
        _segments = JournalSegments.Open(_dataFolder, disk);
    }

    /// <summary>What is durable.</summary>
    public JournalHead Head => _head;

    /// <summary>What was cut from the end because it was never acknowledged, in words; null when nothing was.</summary>
    public string? Repair { get; init; }

    /// <summary>Whether only the reserve has room: nothing new may be begun.</summary>
    public bool IsDiskFull => _reserve.IsReleased;

    /// <summary>The same in words, or null.</summary>
    public string? DiskTrouble => _reserve.Trouble;

    /// <summary>Appends whole lines and returns when they are on disk.</summary>
    /// <param name="lines">The bytes, each line with its line feed.</param>
    /// <param name="sequence">Number of the last of them.</param>
    /// <param name="hash">Hash of the last of them.</param>
    /// <exception cref="IOException">Nothing more may be appended, ever.</exception>
    public void Append(ReadOnlySpan<byte> lines, long sequence, Bytes32 hash)
    {
        if (_failed)
        {
            throw new IOException("the journal failed before and is closed");
        }

        _failed = true; // until all of it has succeeded
        var start = _segments.Last.Start;
        if (_head.Length > start && _head.Length - start + lines.Length > _segmentBytes)
        {
            start = Rotate();
        }

        Write(lines, _head.Length - start);
        CrashPoint.Reach(_head.Length == start ? "segment-written" : "lines-written");
        _file.Sync();
        CrashPoint.Reach(_head.Length == start ? "segment-synced" : "lines-synced");
        _index.Add(_head.Sequence + 1, _head.Length, lines);
        var head = new JournalHead(sequence, hash, _head.Length + lines.Length);
        head.Write(_headFile);
        _head = head;
        _failed = false;
    }

    /// <summary>
    /// Makes the head durable too. Not needed for the money: an older head only means that fewer lines are known to be damage when they are bad.
    /// </summary>
    public void SyncHead()
    {
        if (!_failed)
        {
            _headFile.Sync();
        }
    }

    /// <summary>Takes the reserve again once there is room for it.</summary>
    public void TakeReserveAgain()
    {
        if (_reserve.IsReleased)
        {
            _reserve.TryTakeAgain();
        }
    }

    /// <summary>The durable lines after a number, in order.</summary>
    public IEnumerable<JournalLine> ReadAfter(long sequence)
    {
        var head = _head;
        if (sequence >= head.Sequence)
        {
            yield break;
        }

        var (number, offset) = _index.Before(sequence);
        var scanner = _segments.Scan(offset, head.Length);
        var texts = new SeenTexts(head.Sequence - sequence > JournalIndex.Stride ? SeenTexts.WholeJournal : SeenTexts.FewLines);
        while (Next(scanner, ++number <= sequence, texts, out var line))
        {
            if (line is not null)
            {
                yield return line;
            }
        }
    }

    /// <summary>Compares the lines with the digest that they were taken from; gives what does not fit, or null.</summary>
    public string? CheckDigest(IReadOnlyList<DigestFrame> frames, CancellationToken cancellationToken) => DigestCheck.Run(_segments, frames, cancellationToken);

    public void Dispose()
    {
        _file.Dispose();
        _headFile.Dispose();
        _segments.Dispose();
        _reserve.Dispose();
    }

    // A write that finds no room was never taken by the disk, so it may be done again; after anything else nothing is known.
    private void Write(ReadOnlySpan<byte> lines, long offset)
    {
        try
        {
            _file.WriteAll(lines, offset);
        }
        catch (DiskFullException) when (_reserve.Release())
        {
            _file.WriteAll(lines, offset);
        }
    }

    // INVARIANT: the head is durable before a segment begins, so it never lies before the last segment but in an unfinished recovery; and the name of
    // a segment is durable before anything is in it.
    private long Rotate()
    {
        _headFile.Sync();
        CrashPoint.Reach("segment-begins");
        var path = JournalFiles.JournalIn(_dataFolder, _segments.Last.Number + 1);
        var next = _disk.Open(path);
        CrashPoint.Reach("segment-made");
        _file.Dispose();
        _file = next;
        _disk.SyncFolder(JournalFiles.FolderIn(_dataFolder));
        CrashPoint.Reach("segment-named");
        _segments.Add(path);
        return _segments.Last.Start;
    }

    private bool Next(LineScanner scanner, bool skip, SeenTexts texts, out JournalLine? line)
    {
        line = null;
        if (!scanner.TryRead(out var bytes))
        {
            return false;
        }

        if (!skip && !JournalReader.TryRead(bytes, out line, out var problem, texts))
        {
            throw new InvalidDataException($"{_segments.PlaceOf(scanner.Offset)}: {problem}");
        }

        return true;
    }
}

/// <summary>What a recovery hands over.</summary>
/// <param name="DataFolder">The data folder.</param>
/// <param name="Segment">The last segment, open for writing.</param>
/// <param name="HeadFile">The head's file.</param>
/// <param name="Head">The end of the last segment.</param>
internal sealed record OpenedFiles(string DataFolder, IDiskFile Segment, IDiskFile HeadFile, JournalHead Head);
