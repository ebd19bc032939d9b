using Microsoft.Win32.SafeHandles;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// <c>ledger/digest.bin</c>: what the books need of the journal, so that a start need not read all of it. It is never the truth: it is used only when
/// every frame is whole, follows the one before, and ends at a line that the journal holds with that hash within what was acknowledged; else the
/// journal is read from its start and the file made anew. It is not synced. <c>ledger verify</c> and every other reader know nothing of it, and
/// <see cref="DigestCheck"/> compares it with the journal after each start.
/// </summary>
internal sealed class DigestFile : IDisposable
{
    public const string FileName = "digest.bin";

    private readonly SafeFileHandle _file;
    private byte[] _buffer = [];
    private long _end;
    private bool _failed;

    private DigestFile(SafeFileHandle file) => _file = file;

    /// <summary>The frames that were there at the start.</summary>
    public IReadOnlyList<DigestFrame> Frames { get; private set; } = [];

    /// <summary>Why what was there is not used, in words, or null.</summary>
    public string? Distrust { get; private set; }

    /// <summary>Opens the digest of a journal, and empties it when it can't be trusted.</summary>
    public static DigestFile Open(string dataFolder, JournalHead head, JournalSegments segments)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read };
        var path = Path.Combine(JournalFiles.FolderIn(dataFolder), FileName);
        var digest = new DigestFile(File.OpenHandle(path, options.Mode, options.Access, options.Share));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(digest._file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        if (digest.Examine(head, segments) is { } distrust)
        {
            digest.Forget(distrust);
        }

        return digest;
    }

    /// <summary>Reads the lines of all frames in order; each frame is decoded while the one before is taken.</summary>
    /// <param name="reader">Keeps what further lines refer to.</param>
    /// <param name="take">Receives the lines.</param>
    /// <exception cref="InvalidDataException">This version did not write them.</exception>
    public void Read(DigestReader reader, Action<JournalLine> take)
    {
        var place = 0L;
        var decoding = Task.FromResult(new List<JournalLine>());
        foreach (var frame in Frames)
        {
            var (before, offset) = (decoding, place + DigestFrame.HeaderSize);
            decoding = DecodeAsync(before, frame, offset);
            before.GetAwaiter().GetResult().ForEach(take);
            place = offset + frame.Size;
        }

        decoding.GetAwaiter().GetResult().ForEach(take);

        async Task<List<JournalLine>> DecodeAsync(Task before, DigestFrame frame, long offset)
        {
            await before;
            return await Task.Run(() => reader.Read(ReadAt(offset, frame.Size)));
        }
    }

    /// <summary>Throws away what is there.</summary>
    public void Forget(string why)
    {
        (Frames, _end, Distrust) = ([], 0, why);
        RandomAccess.SetLength(_file, 0);
    }

    /// <summary>Adds a frame whose lines are durable. A failure costs nothing but a slower start.</summary>
    public void Append(DigestFrame frame, ReadOnlySpan<byte> lines)
    {
        if (_failed)
        {
            return;
        }

        try
        {
            Span<byte> header = stackalloc byte[DigestFrame.HeaderSize];
            frame.Write(header);
            CrashPoint.Reach("digest-write");
            RandomAccess.Write(_file, header, _end);
            CrashPoint.Reach("digest-torn");
            RandomAccess.Write(_file, lines, _end + header.Length);
            CrashPoint.Reach("digest-written");
            _end += header.Length + lines.Length;
        }
        catch (IOException)
        {
            _failed = true;
        }
    }

    public void Dispose() => _file.Dispose();

    // Why it can't be used, or null. What was torn off its end is no reason: there are fewer frames then.
    private string? Examine(JournalHead head, JournalSegments segments)
    {
        var (frames, length) = (new List<DigestFrame>(), RandomAccess.GetLength(_file));
        while (length - _end >= DigestFrame.HeaderSize)
        {
            var isFrame = DigestFrame.TryRead(ReadAt(_end, DigestFrame.HeaderSize), out var frame);
            if (isFrame && length - _end - DigestFrame.HeaderSize < frame.Size)
            {
                break;
            }

            var follows = frames.Count == 0 ? (frame.First, frame.Start) == (1, 0) : (frame.First, frame.Start) == (frames[^1].Last + 1, frames[^1].End);
            if (!isFrame || !follows || frame.CheckOf(ReadAt(_end + DigestFrame.HeaderSize, frame.Size)) != frame.Check)
            {
                return $"frame {frames.Count + 1} at byte {_end} is damaged or of another version";
            }

            frames.Add(frame);
            _end += DigestFrame.HeaderSize + frame.Size;
        }

        Frames = frames;
        return frames.Count == 0 || IsIn(frames[^1], head, segments) ? null : "it is of another journal, or of another past of it";
    }

    private static bool IsIn(DigestFrame frame, JournalHead head, JournalSegments segments)
    {
        if (frame.End > head.Length || frame.Last > head.Sequence || frame.LastStart >= frame.End - 1 || frame.End - frame.LastStart > LineScanner.MaxLine)
        {
            return false;
        }

        var scanner = segments.Scan(frame.LastStart, frame.End);
        return scanner.TryRead(out var line) && scanner.IsTerminated && scanner.Next == frame.End && Bytes32.Sha256(line) == frame.Hash;
    }

    // Valid until the next call.
    private ReadOnlySpan<byte> ReadAt(long offset, int size)
    {
        _buffer = size <= _buffer.Length ? _buffer : new byte[2 * size];
        var read = 0;
        while (read < size && RandomAccess.Read(_file, _buffer.AsSpan(read, size - read), offset + read) is var more and > 0)
        {
            read += more;
        }

        _buffer.AsSpan(read, size - read).Clear();
        return _buffer.AsSpan(0, size);
    }
}
