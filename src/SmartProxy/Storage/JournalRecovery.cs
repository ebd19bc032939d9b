using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Options;

namespace SmartProxy.Storage;

/// <summary>
/// Opens the journal of a data folder, creating it when the folder has none, and makes the books of its lines. 1. The lines up to the head must all be there.
/// 2. Good lines beyond it are written once more, into a new segment, because reading them proves nothing about the disk: a write or a sync may have
/// failed. 3. The rest is cut. Whatever stops it, the next start finds the same lines.
/// </summary>
internal sealed class JournalRecovery
{
    private const int ChunkBytes = 1 << 20;

    private readonly string _dataFolder;
    private readonly IDisk _disk;
    private readonly IDiskFile _headFile;
    private readonly JournalIndex _index = new();
    private readonly List<(DigestFrame Frame, byte[] Lines)> _unacknowledged = [];
    private BudgetLedger _books = new();
    private JournalChain _chain = new();
    private DigestKeeper _keeper = new(new DigestWriter(), 0);
    private DigestFile? _digest;
    private IDiskFile _segment;
    private JournalHead _head = JournalHead.Empty;
    private string? _repair;

    private JournalRecovery(string dataFolder, IDisk disk)
    {
        (_dataFolder, _disk) = (dataFolder, disk);
        Directory.CreateDirectory(Folder);
        _segment = disk.Open(JournalFiles.JournalIn(dataFolder, Math.Max(1, JournalFiles.Segments(dataFolder, disk).Count)));
        _headFile = disk.Open(JournalFiles.HeadIn(dataFolder));
    }

    private string Folder => JournalFiles.FolderIn(_dataFolder);

    /// <param name="dataFolder">The data folder, whose lock the caller has.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="options">How the journal is kept.</param>
    /// <exception cref="LedgerUnavailableException">The journal is damaged, incomplete or unwritable; the message says how, and what to do.</exception>
    public static OpenedLedger Open(string dataFolder, IDisk disk, LedgerOptions options)
    {
        try
        {
            return new JournalRecovery(dataFolder, disk).Run(options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or LedgerInvariantException)
        {
            throw new LedgerUnavailableException($"the ledger in `{dataFolder}` can't be opened: {e.Message}. No line was lost by trying: ask `smartproxy ledger repair --explain`, and restore the newest backup", e);
        }
    }

    private OpenedLedger Run(LedgerOptions options)
    {
        try
        {
            _disk.SyncFolder(Folder);
            _head = ReadHead();
            DropWhatWasCopied();
            using (var segments = JournalSegments.Open(_dataFolder, _disk))
            {
                var length = segments.Length;
                if (length < _head.Length)
                {
                    throw Damage($"the journal has {length} bytes, but {_head.Length} were acknowledged: its end is missing");
                }

                KeepTail(segments, Replay(segments, ReadDigest(segments), length), length);
            }

            _unacknowledged.ForEach(late => _digest!.Append(late.Frame, late.Lines));
            var journal = new FileJournal(new OpenedFiles(_dataFolder, _segment, _headFile, _head), _disk, options, _index) { Repair = _repair };
            return new OpenedLedger(journal, _books, _keeper, _digest!);
        }
        catch
        {
            _segment.Dispose();
            _headFile.Dispose();
            _digest?.Dispose();
            throw;
        }
    }

    // Before the first line there may be no head yet: nothing was acknowledged then.
    private JournalHead ReadHead()
    {
        var bytes = new byte[(2 * JournalHead.Size) + 1];
        var length = _headFile.Read(bytes, 0);
        return JournalHead.TryReadFile(bytes.AsSpan(0, length), out var head) ? head
            : IsEmpty() ? JournalHead.Empty
            : throw new InvalidDataException($"`{JournalFiles.HeadIn(_dataFolder)}` is {(length == 0 ? "missing" : "damaged")}, so nobody can say what was acknowledged: restore it from the same backup as the journal");
    }

    private bool IsEmpty()
    {
        using var segments = JournalSegments.Open(_dataFolder, _disk);
        return segments.Length == 0;
    }

    // A recovery that was interrupted may have copied what lies beyond the head into the last segment, and not yet cut it from the one before.
    private void DropWhatWasCopied()
    {
        using var segments = JournalSegments.Open(_dataFolder, _disk);
        if (segments.Last.Start <= _head.Length)
        {
            return;
        }

        var before = segments.All[^2];
        var scanner = segments.Scan(segments.Last.Start);
        var isCopy = before.Start <= _head.Length
            && scanner.TryRead(out var bytes)
            && JournalReader.TryRead(bytes, out var line, out _)
            && (line.Sequence, line.Previous) == (_head.Sequence + 1, _head.Hash);
        if (!isCopy)
        {
            throw Damage($"`{JournalFiles.HeadName}` names line {_head.Sequence}, and `{Path.GetFileName(segments.Last.Path)}` does not follow it: the head is older than the segments");
        }

        using var file = _disk.Open(before.Path);
        file.Truncate(_head.Length - before.Start);
        file.Sync();
    }

    // Gives the end of the last line that the digest stands for.
    private long ReadDigest(JournalSegments segments)
    {
        _digest = DigestFile.Open(_dataFolder, _head, segments);
        if (_digest.Frames is not [.., var last])
        {
            return 0;
        }

        try
        {
            _books.Expect(last.Payments);
            var reader = new DigestReader(last.Payments);
            _digest.Read(reader, _books.Apply);
            (_keeper, _chain) = (new DigestKeeper(new DigestWriter(reader), last.End), new JournalChain(last.Last, last.Hash));
            foreach (var frame in _digest.Frames)
            {
                _index.Add(frame.Last, frame.End);
            }

            return last.End;
        }
        catch (Exception e) when (e is InvalidDataException or LedgerInvariantException)
        {
            _digest.Forget(e.Message);
            _books = new BudgetLedger();
            return 0;
        }
    }

    // Gives the end of the last good line.
    private long Replay(JournalSegments segments, long end, long length)
    {
        CheckHead(end);
        foreach (var read in new JournalPipe(segments, end, length).Lines())
        {
            if (_chain.Check(read) is { } problem)
            {
                return end >= _head.Length && !JournalReader.IsNewer(problem) ? end : throw Damage($"line {_chain.Sequence + 1} at {segments.PlaceOf(read.Offset)}: {problem}");
            }

            Take(read);
            CheckHead(read.Next, end);
            end = read.Next;
        }

        return end;
    }

    private void Take(ParsedLine read)
    {
        _books.Apply(read.Line!);
        _index.Add(read.Line!.Sequence, read.Next);
        if (_keeper.Add(read.Line!, read.Line!.Hash, read.Offset, read.Next) is not { } frame)
        {
            return;
        }

        if (read.Next <= _head.Length)
        {
            _digest!.Append(frame.Frame, frame.Lines);
        }
        else
        {
            _unacknowledged.Add(frame);
        }
    }

    // The head must be the end of a line, and of the very line that it names.
    private void CheckHead(long end, long start = -1)
    {
        if (start < _head.Length && end >= _head.Length && (end, _chain.Sequence, _chain.Head) != (_head.Length, _head.Sequence, _head.Hash))
        {
            throw Damage($"line {_chain.Sequence} is not the line that was acknowledged last");
        }
    }

    private void KeepTail(JournalSegments segments, long end, long length)
    {
        var last = segments.Last;
        if (end < length)
        {
            _repair = $"cut {length - end} bytes of a torn write after line {_chain.Sequence}; they were never acknowledged";
        }

        if (end > _head.Length)
        {
            CopyTail(segments, end);
        }

        if (length > _head.Length && (end == _head.Length || last.Start < _head.Length))
        {
            Cut(last, _head.Length);
        }

        var head = new JournalHead(_chain.Sequence, _chain.Head, end);
        head.Write(_headFile);
        _headFile.Sync();
        _head = head;
    }

    // Into the segment after the last, or in its place when nothing of it was acknowledged.
    private void CopyTail(JournalSegments segments, long end)
    {
        var number = segments.Last.Start < _head.Length ? segments.Last.Number + 1 : segments.Last.Number;
        var unfinished = JournalFiles.UnfinishedIn(_dataFolder, number);
        _segment.Dispose();
        _segment = _disk.Open(unfinished);
        _segment.Truncate(0);
        var chunk = new byte[Math.Min(end - _head.Length, ChunkBytes)];
        for (var offset = _head.Length; offset < end;)
        {
            var size = segments.Read(chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - offset)), offset);
            _segment.WriteAll(chunk.AsSpan(0, size), offset - _head.Length);
            offset += size;
        }

        _segment.Sync();
        CrashPoint.Reach("tail-copied");
        _disk.Rename(unfinished, JournalFiles.JournalIn(_dataFolder, number));
        CrashPoint.Reach("tail-renamed");
        _disk.SyncFolder(Folder);
        CrashPoint.Reach("tail-named");
    }

    private void Cut(JournalSegment segment, long end)
    {
        using var file = _disk.Open(segment.Path);
        file.Truncate(end - segment.Start);
        file.Sync();
    }

    private static InvalidDataException Damage(string what) => new(
        $"{what}. This is damage, not a torn write: what it held can't be told, so nothing may be paid. Restore the `{JournalFiles.Folder}` folder from a copy that is at least as new, or run `ledger verify`");
}

/// <summary>A journal that can go on, and the books as it tells them.</summary>
/// <param name="Journal">The journal.</param>
/// <param name="Books">The books.</param>
/// <param name="Keeper">Makes the digest of further lines.</param>
/// <param name="Digest">Where that goes.</param>
internal sealed record OpenedLedger(FileJournal Journal, BudgetLedger Books, DigestKeeper Keeper, DigestFile Digest);
