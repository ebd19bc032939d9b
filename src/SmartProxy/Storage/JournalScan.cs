using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

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
            if (chain.Check(read) is { } problem)
            {
                throw new InvalidDataException($"{segments.PlaceOf(read.Offset)}, after line {chain.Sequence}: {problem}; run `smartproxy ledger verify` on the stopped system");
            }

            seen(read.Line!);
        }

        return (chain.Sequence, chain.Head);
    }
}
