using SmartProxy.Ledger;
using SmartProxy.Storage;

namespace SmartProxy.Policies.Simulation;

/// <summary>
/// The lines of a data folder's journal, for questions about the past: of a running system or a stopped one, because files are only read. Lines
/// are parsed on every core and come in their order. Nothing is verified here; that is what <c>ledger verify</c> is for.
/// </summary>
internal static class RecordedJournal
{
    // How often the reader hears how far it came, in bytes.
    private const long ToldBytes = 4 << 20;

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
        var pipe = new JournalPipe(segments, 0, length) { IsWanted = IsWanted, WithHashes = false };
        var told = 0L;
        foreach (var read in pipe.Lines().TakeWhile(read => read.IsTerminated))
        {
            take(read.Line ?? throw new InvalidDataException($"a journal line can't be read ({read.Problem}): run `smartproxy ledger verify`"));
            if (read.Next - told >= ToldBytes)
            {
                progress(told = read.Next, length);
            }
        }

        progress(length, length);
    }

    private static bool IsWanted(ReadOnlySpan<byte> line) => line[..Math.Min(line.Length, MarkReach)].IndexOf(SentMark) < 0;
}
