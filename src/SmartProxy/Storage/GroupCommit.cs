using System.Buffers;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>What is decided together and becomes durable together.</summary>
internal sealed class Batch
{
    private readonly ArrayBufferWriter<byte> _bytes = new(256 * 1024);

    public IBufferWriter<byte> Output => _bytes;

    /// <summary>The lines, each with its line feed.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    /// <summary>The lines as entries; a new list for each batch, because readers keep it.</summary>
    public List<JournalLine> Lines { get; private set; } = [];

    /// <summary>The parts of the digest that they complete.</summary>
    public List<(DigestFrame Frame, byte[] Lines)> Frames { get; } = [];

    /// <summary>Whose callers wait for them.</summary>
    public List<LedgerCommand> Commands { get; } = [];

    /// <summary>The policy in force after them.</summary>
    public Bytes32? PolicyHash { get; set; }

    public void Clear()
    {
        _bytes.ResetWrittenCount();
        Lines = [];
        Frames.Clear();
        Commands.Clear();
    }
}

/// <summary>The batch in the making: what is applied to the books and waits to be written. Belongs to the thread that decides.</summary>
internal sealed class GroupCommit(TimeProvider time, FileJournal journal, BudgetLedger ledger, DigestKeeper keeper)
{
    private readonly JournalWriter _writer = new(journal.Head.Sequence, journal.Head.Hash);
    private Batch _spare = new();
    private long _end = journal.Head.Length;

    public BudgetLedger Ledger => ledger;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>What decisions commit to: the last line that is certainly on disk.</summary>
    public Bytes32 DurableHead => journal.Head.Hash;

    /// <summary>Whether nothing new may be reserved, because the room that is left is for the outcomes of what was signed.</summary>
    public bool IsDiskFull => journal.IsDiskFull;

    public Batch Filling { get; private set; } = new();

    /// <summary>Adds one line to the batch and takes it into the books.</summary>
    public JournalLine Append(JournalEntry entry)
    {
        var (start, before) = (_end, Filling.Bytes.Length);
        var line = _writer.Append(entry, ledger.Tick(Now), Filling.Output);
        ledger.Apply(line);
        Filling.Lines.Add(line);
        _end += Filling.Bytes.Length - before;
        if (keeper.Add(line, line.Hash, start, _end) is { } frame)
        {
            Filling.Frames.Add(frame);
        }

        return line;
    }

    /// <summary>Gives the batch away and begins the next one. The batch that was given away before must be done.</summary>
    public Batch Seal()
    {
        Filling.PolicyHash = ledger.PolicyHash;
        _spare.Clear();
        (Filling, _spare) = (_spare, Filling);
        return _spare;
    }
}
