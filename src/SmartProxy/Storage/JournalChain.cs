using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>Reads lines one after another and checks that each follows from the one before.</summary>
/// <param name="sequence">Number of the line before the first one that is read; 0 for a whole journal.</param>
/// <param name="head">Its hash.</param>
internal sealed class JournalChain(long sequence = 0, Bytes32 head = default)
{
    private readonly SeenTexts _texts = new();

    /// <summary>Number of the last good line.</summary>
    public long Sequence { get; private set; } = sequence;

    /// <summary>Its hash.</summary>
    public Bytes32 Head { get; private set; } = head;

    /// <summary>What is wrong with the next line, or null.</summary>
    public string? Check(ReadOnlySpan<byte> bytes, bool isTerminated, out JournalLine line)
    {
        var problem = JournalReader.TryRead(bytes, out line, out var unreadable, _texts) ? null : unreadable;
        return problem ?? Follow(line, isTerminated);
    }

    /// <summary>The same for a line that was read already.</summary>
    public string? Check(ParsedLine read) => read.Problem ?? Follow(read.Line!, read.IsTerminated);

    private string? Follow(JournalLine line, bool isTerminated)
    {
        var problem = !isTerminated ? "no line feed at its end"
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
