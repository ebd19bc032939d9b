using System.Buffers;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>The batch in the making: what is applied to the books and waits to be written. Belongs to the one writer.</summary>
internal sealed class GroupCommit(TimeProvider time, FileJournal journal, BudgetLedger ledger)
{
    private readonly JournalWriter _writer = new(journal.Head.Sequence, journal.Head.Hash);
    private readonly ArrayBufferWriter<byte> _bytes = new(256 * 1024);
    private List<JournalLine> _lines = [];

    public BudgetLedger Ledger => ledger;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>What decisions commit to: the last line that is certainly on disk.</summary>
    public Bytes32 DurableHead => journal.Head.Hash;

    /// <summary>Adds one line to the batch and takes it into the books.</summary>
    public JournalLine Append(JournalEntry entry)
    {
        var line = _writer.Append(entry, ledger.Tick(Now), _bytes);
        ledger.Apply(line);
        _lines.Add(line);
        return line;
    }

    /// <summary>Writes and syncs the batch; returns its lines, which are durable then.</summary>
    /// <exception cref="IOException">None of them may be relied on, and nothing may follow.</exception>
    public IReadOnlyList<JournalLine> Flush()
    {
        var lines = _lines;
        if (lines.Count > 0)
        {
            journal.Append(_bytes.WrittenSpan, _writer.Sequence, _writer.Head);
            _bytes.ResetWrittenCount();
            _lines = [];
        }

        return lines;
    }
}
