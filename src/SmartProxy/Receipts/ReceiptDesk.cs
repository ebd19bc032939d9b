using System.Threading.Channels;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Receipts;

/// <summary>
/// Makes the receipt of every decision from its durable journal lines, signs it and stores it. What it did not get to (a crash, a rebuilt
/// index) is made from the journal when it is asked for.
/// </summary>
internal sealed partial class ReceiptDesk : IAsyncDisposable
{
    private const int QueueCapacity = 16_384;

    // Payments that a line may still conclude; beyond it the oldest are forgotten, and their receipts are made when they are asked for.
    private const int MaxOpen = 50_000;

    private readonly LedgerHost _ledger;
    private readonly LiteDbReadModel _readModel;
    private readonly ReceiptIssuer _issuer;
    private readonly ILogger<ReceiptDesk> _logger;
    private readonly Channel<object> _queue = Channel.CreateBounded<object>(new BoundedChannelOptions(QueueCapacity) { SingleReader = true });
    private readonly Dictionary<PaymentId, ReceiptThread> _open = [];
    private readonly ArchivedRegistries _registries;
    private readonly Queue<PaymentId> _order = new();
    private readonly Task _loop;

    public ReceiptDesk(LedgerHost ledger, LiteDbReadModel readModel, ReceiptIssuer issuer, ILogger<ReceiptDesk> logger)
    {
        (_ledger, _readModel, _issuer, _logger) = (ledger, readModel, issuer, logger);
        _registries = new ArchivedRegistries(ledger);
        _ledger.Durable += Follow;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>A receipt by its id, <c>rcpt_…</c>, with whose it is; null when there is no such decision, or when its outcome is still open.</summary>
    public async ValueTask<StoredReceipt?> FindAsync(string id, CancellationToken cancellationToken)
    {
        if (await _readModel.FindReceiptAsync(id, cancellationToken) is { } ready)
        {
            return ready;
        }

        await CatchUpAsync(cancellationToken);
        return await _readModel.FindReceiptAsync(id, cancellationToken) ?? await MakeAsync(id, cancellationToken);
    }

    /// <summary>Tells the registry of a policy that was recorded before this process began.</summary>
    public void Know(Bytes32 policy, AssetRegistry registry) => _registries.Know(policy, registry);

    public async ValueTask DisposeAsync()
    {
        _ledger.Durable -= Follow;
        _queue.Writer.TryComplete();
        await _loop;
    }

    // The writer of the ledger never waits for receipts; what finds no place is made from the journal when it is asked for.
    private void Follow(IReadOnlyList<JournalLine> lines) => _queue.Writer.TryWrite(lines);

    private async ValueTask CatchUpAsync(CancellationToken cancellationToken)
    {
        await _ledger.CatchUpAsync(cancellationToken);
        var barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync(barrier, cancellationToken);
        await barrier.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        await foreach (var work in _queue.Reader.ReadAllAsync())
        {
            if (work is TaskCompletionSource barrier)
            {
                barrier.TrySetResult();
                continue;
            }

            foreach (var line in (IReadOnlyList<JournalLine>)work)
            {
                await TryTakeAsync(line);
            }
        }
    }

    private async ValueTask TryTakeAsync(JournalLine line)
    {
        try
        {
            await TakeAsync(line);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotStored(line.Sequence, exception.Message);
        }
    }

    private ValueTask TakeAsync(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved:
                Remember(new ReceiptThread(reserved, line));
                return default;
            case JournalEntry.Recorded { Event: LedgerEvent.PolicyActivated activated }:
                _registries.Take(activated);
                return default;
            case JournalEntry.Recorded { Event: LedgerEvent.Refused refused }:
                return StoreAsync(ReceiptMapping.Of(refused, line));
            default:
                return ReceiptMapping.SubjectOf(line.Entry) is { } id && _open.TryGetValue(id, out var open) ? TakeOutcomeAsync(open, line) : default;
        }
    }

    private ValueTask TakeOutcomeAsync(ReceiptThread open, JournalLine line)
    {
        var next = open.After(line, out var facts);
        if (facts is { IsLast: true })
        {
            _open.Remove(open.Reserved.Id);
        }
        else
        {
            _open[open.Reserved.Id] = next;
        }

        return facts is null ? default : StoreAsync(facts);
    }

    private void Remember(ReceiptThread open)
    {
        _open[open.Reserved.Id] = open;
        _order.Enqueue(open.Reserved.Id);
        while (_order.Count > MaxOpen)
        {
            _open.Remove(_order.Dequeue());
        }
    }

    private async ValueTask StoreAsync(ReceiptFacts facts)
    {
        var receipt = _issuer.Issue(facts.Rated(_registries.UsdPerToken));
        CrashPoint.Reach("receipt-made");
        await _readModel.PutReceiptAsync(receipt.Id, facts.Agent, receipt.Jws, CancellationToken.None);
        CrashPoint.Reach("receipt-stored");
    }

    private async ValueTask<StoredReceipt?> MakeAsync(string id, CancellationToken cancellationToken)
    {
        await _readModel.CatchUpAsync(cancellationToken);
        if (!ReceiptId.TryParse(id, out var payment) || await _readModel.FindPaymentAsync(payment, cancellationToken) is not { } found)
        {
            return null;
        }

        ReceiptThread? open = null;
        foreach (var line in _ledger.ReadAfter(found.Sequence - 1).Where(line => ReceiptMapping.SubjectOf(line.Entry) == payment))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReceiptFacts? facts = null;
            switch (line.Entry)
            {
                case JournalEntry.Reserved reserved:
                    open = new ReceiptThread(reserved, line);
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Refused refused }:
                    facts = ReceiptMapping.Of(refused, line);
                    break;
                default:
                    open = open?.After(line, out facts);
                    break;
            }

            if (facts is not null && ReceiptId.Of(facts.Payment, facts.Number) == id)
            {
                await StoreAsync(facts);
                return await _readModel.FindReceiptAsync(id, cancellationToken);
            }

            if (line.Sequence >= found.OutcomeSequence)
            {
                return null; // the index knows of nothing that follows: the rest of the journal need not be read
            }
        }

        return null;
    }

    [LoggerMessage(EventId = 1501, Level = LogLevel.Warning, Message = "The receipt of journal line {Sequence} was not stored and will be made again when asked for: {Problem}")]
    private partial void LogNotStored(long sequence, string problem);
}
