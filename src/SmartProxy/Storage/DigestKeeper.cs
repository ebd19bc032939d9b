using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>Makes frames of the lines that pass, in their order.</summary>
internal sealed class DigestKeeper
{
    private readonly DigestWriter _writer;
    private long _start;

    /// <param name="writer">Where the lines before left it.</param>
    /// <param name="start">Where the next line begins in the journal.</param>
    public DigestKeeper(DigestWriter writer, long start) => (_writer, _start) = (writer, start);

    /// <summary>Takes a line in; gives the frame that it completes, with its bytes, or null.</summary>
    public (DigestFrame Frame, byte[] Lines)? Add(JournalLine line, Bytes32 hash, long start, long end)
    {
        _writer.Add(line);
        if (line.Sequence % JournalIndex.Stride != 0)
        {
            return null;
        }

        var lines = _writer.Written.ToArray();
        var frame = DigestFrame.Seal(line.Sequence - JournalIndex.Stride + 1, _start, start, end, hash, _writer.Payments, lines);
        _writer.Clear();
        _start = end;
        return (frame, lines);
    }
}
