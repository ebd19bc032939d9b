using SmartProxy.Ledger;
using SmartProxy.Storage;

namespace SmartProxy.Policies.Simulation;

/// <summary>
/// The lines of a data folder's journal, for questions about the past: of a running system or a stopped one, because files are only read. Lines
/// are parsed on every core and come in their order. Nothing is verified here; that is what <c>ledger verify</c> is for.
/// </summary>
internal static class RecordedJournal
{
    // Small enough to be young garbage: arrays of 85,000 bytes and more are collected only with everything else.
    private const int BatchBytes = 64 * 1024;
    private const int BatchCapacity = 80_000;

    // Per core.
    private const int BatchesAhead = 8;

    private static readonly byte[] SentMark = "\"type\":\"sent\""u8.ToArray();

    // The mark stands behind version, number, hash and time: searching further would find it in a stranger's text.
    private const int MarkReach = 220;

    /// <summary>Shows each line to <paramref name="take"/>; lines that only say that a signature left are passed over.</summary>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="take">Receives the lines in order.</param>
    /// <param name="progress">Receives bytes done and bytes altogether.</param>
    /// <exception cref="InvalidDataException">A line can't be read.</exception>
    public static void Read(string dataFolder, Action<JournalLine> take, Action<long, long> progress)
    {
        using var segments = JournalSegments.Open(dataFolder);
        var length = segments.Length;
        var scanner = segments.Scan(0, length);
        var parsing = new Queue<Task<List<JournalLine>>>();
        while (NextBatch(scanner) is { } batch)
        {
            parsing.Enqueue(Task.Run(() => Parse(batch)));
            if (parsing.Count > BatchesAhead * Environment.ProcessorCount)
            {
                Take(parsing.Dequeue());
            }
        }

        while (parsing.TryDequeue(out var rest))
        {
            Take(rest);
        }

        progress(length, length);

        void Take(Task<List<JournalLine>> parsed)
        {
            parsed.GetAwaiter().GetResult().ForEach(take);
            progress(scanner.Next, length);
        }
    }

    // Null at the end. Whoever writes right now may not have finished the last line.
    private static Batch? NextBatch(LineScanner scanner)
    {
        var (bytes, ends) = (new MemoryStream(BatchCapacity), new List<int>());
        var offset = scanner.Next;
        while (bytes.Length < BatchBytes && scanner.TryRead(out var line) && scanner.IsTerminated)
        {
            if (line[..Math.Min(line.Length, MarkReach)].IndexOf(SentMark) < 0)
            {
                bytes.Write(line);
                ends.Add((int)bytes.Length);
            }
        }

        return scanner.Next == offset || (ends.Count == 0 && !scanner.IsTerminated) ? null : new Batch(bytes.GetBuffer(), ends);
    }

    private static List<JournalLine> Parse(Batch batch)
    {
        var lines = new List<JournalLine>(batch.Ends.Count);
        var start = 0;
        foreach (var end in batch.Ends)
        {
            var bytes = batch.Bytes.AsSpan(start, end - start);
            lines.Add(JournalReader.TryReadUnhashed(bytes, out var line, out var problem) ? line : throw new InvalidDataException($"a journal line can't be read ({problem}): run `smartproxy ledger verify`"));
            start = end;
        }

        return lines;
    }

    private sealed record Batch(byte[] Bytes, List<int> Ends);
}
