using SmartProxy.Ledger;

namespace SmartProxy.Storage;

/// <summary>
/// Reads the journal that a start took from its digest, and makes the digest once more: whoever changed one of the two is found while the process
/// runs, as a full start would have found it before.
/// </summary>
internal static class DigestCheck
{
    /// <summary>What does not fit, in words, or null. Takes one core at most, because payments go on.</summary>
    public static string? Run(JournalSegments segments, IReadOnlyList<DigestFrame> frames, CancellationToken cancellationToken)
    {
        var (chain, keeper, number) = (new JournalChain(), new DigestKeeper(new DigestWriter(), 0), 0);
        foreach (var read in new JournalPipe(segments, 0, frames[^1].End) { Ahead = 1 }.Lines())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (chain.Check(read) is { } problem)
            {
                return $"line {chain.Sequence + 1} at {segments.PlaceOf(read.Offset)}: {problem}";
            }

            if (Follow(keeper, read) is { } frame && frame != frames[number++])
            {
                return $"the digest of the lines up to {frame.Last} does not follow from them";
            }
        }

        return null;
    }

    // A journal that was changed may hold moves of payments that it does not hold.
    private static DigestFrame? Follow(DigestKeeper keeper, ParsedLine read)
    {
        try
        {
            return keeper.Add(read.Line!, read.Line!.Hash, read.Offset, read.Next)?.Frame;
        }
        catch (Exception e) when (e is KeyNotFoundException or ArgumentException)
        {
            return default(DigestFrame);
        }
    }
}
