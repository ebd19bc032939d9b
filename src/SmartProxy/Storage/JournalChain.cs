using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>Reads lines one after another and checks that each follows from the one before.</summary>
internal sealed class JournalChain
{
    /// <summary>Number of the last good line.</summary>
    public long Sequence { get; private set; }

    /// <summary>Its hash.</summary>
    public Bytes32 Head { get; private set; }

    /// <summary>What is wrong with the next line, or null.</summary>
    public string? Check(ReadOnlySpan<byte> bytes, bool isTerminated, out JournalLine line)
    {
        var problem = !JournalReader.TryRead(bytes, out line, out var unreadable) ? unreadable
            : !isTerminated ? "no line feed at its end"
            : line.Sequence != Sequence + 1 ? $"expected number {Sequence + 1}, found {line.Sequence}: lines are missing, repeated or out of order"
            : line.Previous != Head ? "its `prev` is not the hash of the line before: one of the two was changed"
            : null;
        if (problem is null)
        {
            (Sequence, Head) = (line.Sequence, line.Hash);
        }

        return problem;
    }
}
