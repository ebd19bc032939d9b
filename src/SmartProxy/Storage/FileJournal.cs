using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// The append-only journal file and its head. Whatever goes wrong with a write or a sync ends it for good: the kernel may have dropped what
/// could not be written, so trying again would prove nothing.
/// </summary>
internal sealed class FileJournal : IDisposable
{
    // Every so many lines the offset is remembered, so that a reader can start in the middle.
    private const int IndexStride = 1024;

    private readonly IDiskFile _file;
    private readonly IDiskFile _headFile;
    private readonly List<long> _offsets = [0];
    private volatile JournalHead _head = JournalHead.Empty;
    private bool _failed;

    private FileJournal(IDiskFile file, IDiskFile headFile, string path) => (_file, _headFile, Path) = (file, headFile, path);

    public string Path { get; }

    /// <summary>What is durable.</summary>
    public JournalHead Head => _head;

    /// <summary>What was cut from the end because it was never acknowledged, in words; null when nothing was.</summary>
    public string? Repair { get; private set; }

    /// <summary>
    /// Opens the journal of a data folder, creating it when the folder has none, and replays its lines. 1. The lines up to the head must all be
    /// there. 2. Good lines beyond it are kept, and written again, because reading them proves nothing about the disk. 3. The rest is cut.
    /// </summary>
    /// <exception cref="LedgerUnavailableException">The journal is damaged, incomplete or unwritable; the message says how, and what to do.</exception>
    public static FileJournal Open(string dataFolder, IDisk disk, Action<JournalLine> replay)
    {
        try
        {
            return Recover(dataFolder, disk, replay);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or LedgerInvariantException)
        {
            throw new LedgerUnavailableException($"the ledger in `{dataFolder}` can't be opened: {e.Message}. Nothing was changed: look at it with `smartproxy ledger verify`, and restore the newest backup", e);
        }
    }

    /// <summary>Appends whole lines and returns when they are on disk.</summary>
    /// <param name="lines">The bytes, each line with its line feed.</param>
    /// <param name="sequence">Number of the last of them.</param>
    /// <param name="hash">Hash of the last of them.</param>
    /// <param name="count">How many they are.</param>
    /// <exception cref="IOException">Nothing more may be appended, ever.</exception>
    public void Append(ReadOnlySpan<byte> lines, long sequence, Bytes32 hash, int count)
    {
        if (_failed)
        {
            throw new IOException("the journal failed before and is closed");
        }

        _failed = true; // until all of it has succeeded
        Write(_file, lines, _head.Length);
        _file.Sync();
        Index(sequence, count, _head.Length, lines);
        var head = new JournalHead(sequence, hash, _head.Length + lines.Length);
        WriteHead(head);
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

    /// <summary>The durable lines after a number, in order.</summary>
    public IEnumerable<JournalLine> ReadAfter(long sequence)
    {
        var head = _head;
        if (sequence >= head.Sequence)
        {
            yield break;
        }

        long from;
        lock (_offsets)
        {
            from = _offsets[(int)(sequence / IndexStride)];
        }

        var number = sequence / IndexStride * IndexStride;
        var scanner = new LineScanner(_file.Read, from, head.Length);
        while (Next(scanner, ++number <= sequence, out var line))
        {
            if (line is not null)
            {
                yield return line;
            }
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _headFile.Dispose();
    }

    private static bool Next(LineScanner scanner, bool skip, out JournalLine? line)
    {
        line = null;
        if (!scanner.TryRead(out var bytes))
        {
            return false;
        }

        if (!skip && !JournalReader.TryRead(bytes, out line, out var problem))
        {
            throw new InvalidDataException($"byte {scanner.Offset}: {problem}");
        }

        return true;
    }

    private static FileJournal Recover(string dataFolder, IDisk disk, Action<JournalLine> replay)
    {
        if (JournalFiles.UnknownSegment(dataFolder) is { } unknown)
        {
            throw new InvalidDataException($"`{unknown}` was written by a newer version, which must be used to open it");
        }

        var (path, headPath) = (JournalFiles.JournalIn(dataFolder), JournalFiles.HeadIn(dataFolder));
        Directory.CreateDirectory(JournalFiles.FolderIn(dataFolder));
        var journal = new FileJournal(disk.Open(path), disk.Open(headPath), path);
        try
        {
            disk.SyncFolder(JournalFiles.FolderIn(dataFolder));
            journal.Recover(journal.ReadHead(headPath), replay);
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    // Before the first line there may be no head yet: nothing was acknowledged then.
    private JournalHead ReadHead(string path)
    {
        var bytes = new byte[(2 * JournalHead.Size) + 1];
        var length = _headFile.Read(bytes, 0);
        return JournalHead.TryReadFile(bytes.AsSpan(0, length), out var head) ? head
            : _file.Length == 0 ? JournalHead.Empty
            : throw new InvalidDataException($"`{path}` is {(length == 0 ? "missing" : "damaged")}, so nobody can say what was acknowledged: restore it from the same backup as the journal");
    }

    private void Recover(JournalHead head, Action<JournalLine> replay)
    {
        var length = _file.Length;
        if (length < head.Length)
        {
            throw Damage($"the journal has {length} bytes, but {head.Length} were acknowledged: its end is missing");
        }

        var chain = new JournalChain();
        var scanner = new LineScanner(_file.Read, 0, length);
        long end = 0;
        CheckHead(head, chain, end);
        while (scanner.TryRead(out var bytes))
        {
            var problem = chain.Check(bytes, scanner.IsTerminated, out var line);
            if (problem is not null && (end < head.Length || JournalReader.IsNewer(problem)))
            {
                throw Damage($"line {chain.Sequence + 1} at byte {scanner.Offset}: {problem}");
            }

            if (problem is not null)
            {
                break;
            }

            replay(line);
            Index(line.Sequence, scanner.Next);
            CheckHead(head, chain, scanner.Next, end);
            end = scanner.Next;
        }

        KeepTail(head, chain, end, length);
    }

    // The head must be the end of a line, and of the very line that it names.
    private static void CheckHead(JournalHead head, JournalChain chain, long end, long start = -1)
    {
        if (start < head.Length && end >= head.Length && (end, chain.Sequence, chain.Head) != (head.Length, head.Sequence, head.Hash))
        {
            throw Damage($"line {chain.Sequence} is not the line that was acknowledged last");
        }
    }

    private void KeepTail(JournalHead head, JournalChain chain, long end, long length)
    {
        if (end < length)
        {
            Repair = $"cut {length - end} bytes of a torn write after line {chain.Sequence}; they were never acknowledged";
            _file.Truncate(end);
        }

        var chunk = new byte[Math.Min(end - head.Length, 1 << 20)];
        for (var offset = head.Length; offset < end; offset += chunk.Length)
        {
            var size = _file.Read(chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - offset)), offset);
            Write(_file, chunk.AsSpan(0, size), offset);
        }

        if (length > head.Length)
        {
            _file.Sync();
        }

        WriteHead(new JournalHead(chain.Sequence, chain.Head, end));
        _headFile.Sync();
    }

    private void WriteHead(JournalHead head)
    {
        var bytes = head.ToBytes();
        Write(_headFile, bytes, 0);
        Write(_headFile, bytes, JournalHead.Size);
        _head = head;
    }

    private static void Write(IDiskFile file, ReadOnlySpan<byte> bytes, long offset)
    {
        var written = file.Write(bytes, offset);
        if (written != bytes.Length)
        {
            throw new IOException($"only {written} of {bytes.Length} bytes were written: the disk is full or failing");
        }
    }

    private void Index(long last, int count, long offset, ReadOnlySpan<byte> lines)
    {
        for (var number = last - count + 1; number <= last; number++)
        {
            var size = lines.IndexOf((byte)'\n') + 1;
            offset += size;
            lines = lines[size..];
            Index(number, offset);
        }
    }

    private void Index(long number, long next)
    {
        if (number % IndexStride == 0)
        {
            lock (_offsets)
            {
                _offsets.Add(next);
            }
        }
    }

    private static InvalidDataException Damage(string what) => new(
        $"{what}. This is damage, not a torn write: what it held can't be told, so nothing may be paid. Restore the `{JournalFiles.Folder}` folder from a copy that is at least as new, or run `ledger verify`");
}
