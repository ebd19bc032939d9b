using System.Collections.Concurrent;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>One line as it was read.</summary>
/// <param name="Line">What it says; null when it can't be read.</param>
/// <param name="Problem">Why it can't be read, or null.</param>
/// <param name="Offset">Where it begins.</param>
/// <param name="Next">Where the next one begins.</param>
/// <param name="IsTerminated">Whether its line feed is there; only the last line of all may lack it.</param>
/// <param name="Commitment">What <see cref="CommitmentCheck.CommitmentOf"/> says, where it was asked for.</param>
internal readonly record struct ParsedLine(JournalLine? Line, string? Problem, long Offset, long Next, bool IsTerminated, Bytes32? Commitment);

/// <summary>Reads a journal on every core: chunks of whole lines are parsed and hashed beside each other, and the lines come in their order.</summary>
internal sealed class JournalPipe(JournalSegments segments, long from, long end)
{
    private readonly ConcurrentBag<SeenTexts> _texts = [];
    private readonly ConcurrentBag<byte[]> _buffers = [];

    /// <summary>Whether the commitments of reservations are judged too.</summary>
    public bool WithCommitments { get; init; }

    /// <summary>Whether lines are hashed; whoever does not judge the chain needs no hashes.</summary>
    public bool WithHashes { get; init; } = true;

    /// <summary>Which lines are wanted, by their bytes; all by default.</summary>
    public Func<ReadOnlySpan<byte>, bool> IsWanted { get; init; } = static _ => true;

    /// <summary>How many chunks are parsed ahead of the one that is being taken.</summary>
    public int Ahead { get; init; } = 8 * Environment.ProcessorCount;

    /// <summary>Where the last line that was shown ends.</summary>
    public long Position { get; private set; }

    public IEnumerable<ParsedLine> Lines()
    {
        var chunks = new JournalChunks(segments, from, end);
        var parsing = new Queue<Task<List<ParsedLine>>>();
        while (true)
        {
            while (parsing.Count < Ahead && chunks.TryRead(Buffer(), out var chunk))
            {
                parsing.Enqueue(IsShort ? Task.FromResult(Parse(chunk)) : Task.Run(() => Parse(chunk)));
            }

            if (!parsing.TryDequeue(out var next))
            {
                yield break;
            }

            foreach (var line in next.GetAwaiter().GetResult())
            {
                Position = line.Next;
                yield return line;
            }
        }
    }

    // Nothing to share: no other thread is asked.
    private bool IsShort => end - from <= JournalChunks.Size;

    private byte[] Buffer() => _buffers.TryTake(out var buffer) ? buffer : new byte[JournalChunks.Size];

    private List<ParsedLine> Parse(JournalChunk chunk)
    {
        var texts = _texts.TryTake(out var known) ? known : new SeenTexts();
        var lines = new List<ParsedLine>(chunk.Length / 512);
        var bytes = chunk.Bytes.AsSpan(0, chunk.Length);
        var start = 0;
        while (start < bytes.Length)
        {
            var feed = bytes[start..].IndexOf((byte)'\n');
            var (length, size) = feed < 0 ? (bytes.Length - start, bytes.Length - start) : (feed, feed + 1);
            if (IsWanted(bytes.Slice(start, length)))
            {
                lines.Add(Parse(bytes.Slice(start, length), chunk.Offset + start, size, feed >= 0, texts));
            }

            start += size;
        }

        _texts.Add(texts);
        _buffers.Add(chunk.Bytes);
        return lines;
    }

    private ParsedLine Parse(ReadOnlySpan<byte> bytes, long offset, int size, bool isTerminated, SeenTexts texts)
    {
        var isRead = WithHashes ? JournalReader.TryRead(bytes, out var line, out var problem, texts) : JournalReader.TryReadUnhashed(bytes, out line, out problem, texts);
        return new ParsedLine(isRead ? line : null, problem, offset, offset + size, isTerminated, isRead && WithCommitments ? CommitmentCheck.CommitmentOf(line) : null);
    }
}
