using System.Collections.Concurrent;
using System.Threading.Channels;
using SmartProxy.Ledger;
using SmartProxy.Operator;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// The ledger of one process: one writer decides against memory, writes what was decided as one batch, syncs once, and answers all. Only a
/// reservation waits for the disk. When the journal fails, nothing is paid any more until the process is started again.
/// </summary>
internal sealed class LedgerHost : ILedger, IAsyncDisposable
{
    /// <summary>The most commands that share one sync.</summary>
    public const int MaxBatch = 1024;

    /// <summary>The most commands that wait; callers beyond it wait to be let in.</summary>
    public const int QueueCapacity = 8192;

    private static readonly TimeSpan HeadSyncInterval = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly FileJournal _journal;
    private readonly GroupCommit _batch;
    private readonly FreezeSwitch _freeze;
    private readonly Channel<LedgerCommand> _queue = Channel.CreateBounded<LedgerCommand>(new BoundedChannelOptions(QueueCapacity) { SingleReader = true });
    private readonly ConcurrentDictionary<PaymentId, Reservation> _open = new();
    private readonly Task _loop;
    private volatile LedgerHealth _health;
    private long _headSyncedAt;
    private int _disposed;

    private LedgerHost(TimeProvider time, FileJournal journal, GroupCommit batch, TaskScheduler writer)
    {
        (_time, _journal, _batch) = (time, journal, batch);
        _freeze = new FreezeSwitch(batch.Ledger.Freeze);
        _health = new LedgerHealth(journal.Head.Hash, journal.Head.Sequence, batch.Ledger.PolicyHash, Trouble: null);
        _headSyncedAt = time.GetTimestamp();
        _loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, writer).Unwrap();
    }

    public LedgerHealth Health => _health;

    /// <summary>What was cut from the journal at start, in words, or null.</summary>
    public string? Repair => _journal.Repair;

    /// <summary>Who may not pay right now.</summary>
    public FreezeState Freeze => _freeze.State;

    /// <summary>Raised on the writer's thread with lines that have just become durable; handlers must return at once and never throw.</summary>
    public event Action<IReadOnlyList<JournalLine>>? Durable;

    /// <summary>
    /// Opens the ledger of a data folder and replays it. Whatever was still reserved or sent is in doubt from now on: the process that knew
    /// more is gone.
    /// </summary>
    /// <param name="folder">The right to the folder; disposed by the caller, after the ledger.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Names a new journal.</param>
    /// <param name="disk">The disk; the local one by default.</param>
    /// <param name="options">How the journal is kept.</param>
    /// <param name="writer">What runs the one writer; the thread pool by default. A simulation gives its own, so that a run can be repeated.</param>
    /// <exception cref="LedgerUnavailableException">The journal is damaged or unwritable; the message says what to do.</exception>
    public static LedgerHost Open(FolderLock folder, TimeProvider time, IRandomSource random, IDisk? disk = null, LedgerOptions? options = null, TaskScheduler? writer = null)
    {
        var ledger = new BudgetLedger();
        var journal = JournalRecovery.Open(folder.Folder, disk ?? new PosixDisk(), (options ?? new LedgerOptions()).SegmentBytes, ledger.Apply);
        try
        {
            var batch = new GroupCommit(time, journal, ledger);
            WriteFirstLines(batch, random);
            return new LedgerHost(time, journal, batch, writer ?? TaskScheduler.Default);
        }
        catch (IOException e)
        {
            journal.Dispose();
            throw new LedgerUnavailableException($"the ledger in `{folder.Folder}` can't be written: {e.Message}", e);
        }
    }

    public async ValueTask<ReserveOutcome> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken)
    {
        if (_health.Trouble is null && _freeze.State.ReasonFor(request.Facts.Agent) is not null)
        {
            return new ReserveOutcome.Refused(ReserveRefusal.Frozen);
        }

        var command = new ReserveCommand(request, cancellationToken);
        return await SendAsync(command, cancellationToken) is null
            ? await command.Outcome
            : new ReserveOutcome.Refused(ReserveRefusal.LedgerUnavailable);
    }

    public async ValueTask RecordAsync(LedgerEvent entry)
    {
        // INVARIANT: a freeze holds before anything is waited for, and also when it can't be written.
        if (entry is LedgerEvent.Frozen frozen)
        {
            _freeze.Press(frozen);
            CrashPoint.Reach("freeze-pressed");
        }

        var command = new RecordCommand(entry);
        if (await SendAsync(command, CancellationToken.None) is { } trouble)
        {
            throw new LedgerUnavailableException(trouble);
        }

        await command.Recorded;
    }

    public ValueTask<Reservation?> FindReservationAsync(PaymentId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_health.Trouble is null ? _open.GetValueOrDefault(id) : null);

    public async ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken) =>
        await QueryAsync((ledger, now) => lines.Select(line => ledger.Usage(line, now)).ToArray(), cancellationToken);

    public ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken) =>
        QueryAsync((ledger, now) => ledger.Approvals(now), cancellationToken);

    public ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken) =>
        QueryAsync((ledger, now) => ledger.Grants(now), cancellationToken);

    public string? FrozenReason(AgentId agent) => _health.Trouble ?? _freeze.State.ReasonFor(agent);

    /// <summary>Stops everybody for as long as this process runs, for a reason that is not part of the books and that no unfreezing ends.</summary>
    public void Hold(string by, string reason) => _freeze.Press(new LedgerEvent.Frozen(null, by, reason));

    /// <summary>The payments that could still be charged, newest first, at most <paramref name="limit"/>.</summary>
    public async ValueTask<IReadOnlyList<PaymentView>> LivePaymentsAsync(int limit, CancellationToken cancellationToken) =>
        await QueryAsync((ledger, now) => PaymentView.Live(ledger, now, limit), cancellationToken);

    /// <summary>A question to the books, answered in its turn without waiting for the disk. The answer must not hold on to the books.</summary>
    public async ValueTask<T> QueryAsync<T>(Func<BudgetLedger, DateTimeOffset, T> question, CancellationToken cancellationToken)
    {
        var command = new QueryCommand<T>(question);
        return await SendAsync(command, cancellationToken) is { } trouble
            ? throw new LedgerUnavailableException(trouble)
            : await command.Answer.WaitAsync(cancellationToken);
    }

    /// <summary>The durable lines after a number, in order; reads the file, not the books.</summary>
    public IEnumerable<JournalLine> ReadAfter(long sequence) => _journal.ReadAfter(sequence);

    /// <summary>Finishes what was sent, syncs, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        TrySyncHead();
        _journal.Dispose();
    }

    /// <summary>A reservation is on disk: the signer may find it.</summary>
    internal void Offer(Reservation reservation) => _open[reservation.Id] = reservation;

    /// <summary>An event is on disk.</summary>
    internal void Happened(LedgerEvent entry)
    {
        CrashPoint.Reach("recorded-" + entry.GetType().Name);
        switch (entry)
        {
            case LedgerEvent.Settled e:
                _open.TryRemove(e.Payment, out _);
                break;
            case LedgerEvent.InDoubt e:
                _open.TryRemove(e.Payment, out _);
                break;
            case LedgerEvent.Aborted e:
                _open.TryRemove(e.Payment, out _);
                break;
            case LedgerEvent.Proven e:
                _open.TryRemove(e.Payment, out _);
                break;
            case LedgerEvent.Expired e:
                _open.TryRemove(e.Payment, out _);
                break;
            case LedgerEvent.Frozen or LedgerEvent.Unfrozen:
                _freeze.Recorded(entry);
                break;
        }
    }

    private static void WriteFirstLines(GroupCommit batch, IRandomSource random)
    {
        if (batch.Ledger.Sequence == 0)
        {
            Span<byte> name = stackalloc byte[Bytes32.Length];
            random.Fill(name);
            batch.Append(new JournalEntry.Opened(new Bytes32(name)));
        }

        foreach (var payment in batch.Ledger.Payments)
        {
            if (payment.IsUnderWay)
            {
                batch.Append(new JournalEntry.Recorded(new LedgerEvent.InDoubt(payment.Id, LedgerEvent.InDoubt.Restart, Status: null, Delivered: false)));
            }
        }

        batch.Flush();
    }

    private async ValueTask<string?> SendAsync(LedgerCommand command, CancellationToken cancellationToken)
    {
        if (_health.Trouble is { } trouble)
        {
            return trouble;
        }

        try
        {
            await _queue.Writer.WriteAsync(command, cancellationToken);
            return null;
        }
        catch (ChannelClosedException)
        {
            return _health.Trouble ?? "the ledger is closed: the process is stopping";
        }
    }

    private async Task RunAsync()
    {
        var commands = new List<LedgerCommand>(MaxBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (commands.Count < MaxBatch && _queue.Reader.TryRead(out var command))
            {
                commands.Add(command);
            }

            Run(commands);
            commands.Clear();
        }
    }

    // Decide all, write once, sync once, answer all. After a failure the queue is only drained.
    private void Run(List<LedgerCommand> commands)
    {
        try
        {
            if (_health.Trouble is { } trouble)
            {
                throw new LedgerUnavailableException(trouble);
            }

            foreach (var command in commands)
            {
                Decide(command);
            }

            var lines = _batch.Flush();
            _health = new LedgerHealth(_journal.Head.Hash, _journal.Head.Sequence, _batch.Ledger.PolicyHash, Trouble: null);
            CrashPoint.Reach("batch-durable");
            commands.ForEach(command => command.Durable(this));
            CrashPoint.Reach("batch-answered");
            Tell(lines);
        }
        catch (Exception e)
        {
            Stop(e);
            var reason = new LedgerUnavailableException(_health.Trouble!, e);
            commands.ForEach(command => command.Fail(reason));
        }
    }

    private void Decide(LedgerCommand command)
    {
        try
        {
            command.Decide(_batch);
        }
        catch (ArgumentException e)
        {
            command.Fail(e);
        }
    }

    private void Stop(Exception reason)
    {
        var trouble = _health.Trouble ?? $"the journal failed and nothing is paid any more: {reason.Message}. Find the cause, then start the process again";
        _health = _health with { Trouble = trouble };
        _queue.Writer.TryComplete();
    }

    private void Tell(IReadOnlyList<JournalLine> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        Durable?.Invoke(lines);
        if (_time.GetElapsedTime(_headSyncedAt) >= HeadSyncInterval)
        {
            _headSyncedAt = _time.GetTimestamp();
            TrySyncHead();
        }
    }

    private void TrySyncHead()
    {
        try
        {
            _journal.SyncHead();
        }
        catch (IOException e)
        {
            Stop(e);
        }
    }
}
