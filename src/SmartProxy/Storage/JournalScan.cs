using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>Is shown a line and its bytes.</summary>
internal delegate void JournalBytesSeen(JournalLine line, ReadOnlySpan<byte> bytes);

/// <summary>
/// Reads the journal's lines in order, chain checked, beside a process that may be writing it. A last line without its line feed is still being
/// written and is left out; everything else that does not fit is an error.
/// </summary>
internal static class JournalScan
{
    /// <summary>Shows every good line to <paramref name="seen"/>; gives the number and hash of the last one.</summary>
    /// <exception cref="InvalidDataException">A line does not fit; the message says which and why.</exception>
    public static (long Sequence, Bytes32 Head) Read(string dataFolder, Action<JournalLine> seen)
    {
        using var segments = JournalSegments.Open(dataFolder);
        var chain = new JournalChain();
        foreach (var read in segments.Pipe().Lines().TakeWhile(read => read.IsTerminated))
        {
            Refuse(chain.Check(read), segments, read.Offset, chain);
            seen(read.Line!);
        }

        return (chain.Sequence, chain.Head);
    }

    /// <summary>The same with the bytes of each line, without its line feed; they are valid only while they are shown.</summary>
    /// <inheritdoc cref="Read"/>
    public static (long Sequence, Bytes32 Head) ReadBytes(string dataFolder, JournalBytesSeen seen)
    {
        using var segments = JournalSegments.Open(dataFolder);
        var (scanner, chain) = (segments.Scan(), new JournalChain());
        while (scanner.TryRead(out var bytes) && scanner.IsTerminated)
        {
            Refuse(chain.Check(bytes, isTerminated: true, out var line), segments, scanner.Offset, chain);
            seen(line, bytes);
        }

        return (chain.Sequence, chain.Head);
    }

    private static void Refuse(string? problem, JournalSegments segments, long offset, JournalChain chain)
    {
        if (problem is not null)
        {
            throw new InvalidDataException($"{segments.PlaceOf(offset)}, after line {chain.Sequence}: {problem}; run `smartproxy ledger verify` on the stopped system");
        }
    }
}
