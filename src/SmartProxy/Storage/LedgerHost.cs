using System.Collections.Concurrent;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// The ledger of one process. <see cref="LedgerWriter"/> decides and writes; only a reservation waits for the disk. When the journal fails, nothing
/// is paid any more until the process is started again.
/// </summary>
internal sealed class LedgerHost : ILedger, IAsyncDisposable
{
    private readonly FileJournal _journal;
    private readonly DigestFile _digest;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _check;
    private readonly FreezeSwitch _freeze;
    private readonly ConcurrentDictionary<PaymentId, Reservation> _open = new();
    private readonly LedgerWriter _writer;
    private int _disposed;

    private LedgerHost(TimeProvider time, OpenedLedger opened, GroupCommit batch, TaskScheduler scheduler)
    {
        (_journal, _digest, _freeze) = (opened.Journal, opened.Digest, new FreezeSwitch(opened.Books.Freeze));
        _writer = new LedgerWriter(this, time, _journal, batch, _digest, scheduler);
        _check = Task.Factory.StartNew(CheckDigest, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
    }

    public LedgerHealth Health => _writer.Health;

    /// <summary>What was cut from the journal at start, in words, or null.</summary>
    public string? Repair => _journal.Repair;

    /// <summary>Why the start read the whole journal although there was a digest of it, in words, or null.</summary>
    public string? Distrust => _digest.Distrust is { } why ? $"`{DigestFile.FileName}` was not used and is made anew, because {why}; the whole journal was read" : null;

    /// <summary>Ends when the journal was compared with the digest that the start took its lines from.</summary>
    internal Task DigestChecked => _check;

    /// <summary>Why nothing new is paid although everything is recorded, in words, or null.</summary>
    public string? DiskTrouble => _journal.DiskTrouble;

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
    /// <param name="options">How the journal is kept; commands that open it for a moment leave the reserve alone.</param>
    /// <param name="scheduler">What runs the one writer; the thread pool by default. A simulation gives its own, so that a run can be repeated.</param>
    /// <exception cref="LedgerUnavailableException">The journal is damaged or unwritable; the message says what to do.</exception>
    public static LedgerHost Open(
        FolderLock folder, TimeProvider time, IRandomSource random, IDisk? disk = null, LedgerOptions? options = null, TaskScheduler? scheduler = null)
    {
        var opened = JournalRecovery.Open(folder.Folder, disk ?? new PosixDisk(), options ?? new LedgerOptions { ReserveBytes = 0 });
        try
        {
            var batch = new GroupCommit(time, opened.Journal, opened.Books, opened.Keeper);
            WriteFirstLines(opened, batch, random);
            return new LedgerHost(time, opened, batch, scheduler ?? TaskScheduler.Default);
        }
        catch (IOException e)
        {
            opened.Journal.Dispose();
            opened.Digest.Dispose();
            throw new LedgerUnavailableException($"the ledger in `{folder.Folder}` can't be written: {e.Message}", e);
        }
    }

    public async ValueTask<ReserveOutcome> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken)
    {
        if (_writer.Trouble is null && _freeze.State.ReasonFor(request.Facts.Agent) is not null)
        {
            return new ReserveOutcome.Refused(ReserveRefusal.Frozen);
        }

        var command = new ReserveCommand(request, cancellationToken);
        return await _writer.SendAsync(command, cancellationToken) is null
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
        if (await _writer.SendAsync(command, CancellationToken.None) is { } trouble)
        {
            throw new LedgerUnavailableException(trouble);
        }

        await command.Recorded;
    }

    public ValueTask<Reservation?> FindReservationAsync(PaymentId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_writer.Trouble is null ? _open.GetValueOrDefault(id) : null);

    public async ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken) =>
        await QueryAsync((ledger, now) => lines.Select(line => ledger.Usage(line, now)).ToArray(), cancellationToken);

    public ValueTask<ReserveOutcome.Refused?> WouldRefuseAsync(ReserveRequest request, CancellationToken cancellationToken) =>
        QueryAsync((ledger, now) => ledger.WouldRefuse(request, now), cancellationToken);

    public ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken) =>
        QueryAsync((ledger, now) => ledger.Approvals(now), cancellationToken);

    public ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken) =>
        QueryAsync((ledger, now) => ledger.Grants(now), cancellationToken);

    public string? FrozenReason(AgentId agent) => _writer.Trouble ?? _freeze.State.ReasonFor(agent);

    /// <summary>Stops everybody for as long as this process runs, for a reason that is not part of the books and that no unfreezing ends.</summary>
    public void Hold(string by, string reason) => _freeze.Press(new LedgerEvent.Frozen(null, by, reason));

    /// <summary>A question to the books, answered in its turn without waiting for the disk. The answer must not hold on to the books.</summary>
    public async ValueTask<T> QueryAsync<T>(Func<BudgetLedger, DateTimeOffset, T> question, CancellationToken cancellationToken)
    {
        var command = new QueryCommand<T>(question);
        return await _writer.SendAsync(command, cancellationToken) is { } trouble
            ? throw new LedgerUnavailableException(trouble)
            : await command.Answer.WaitAsync(cancellationToken);
    }

    /// <summary>Ends when everything that was sent before is on disk, and <see cref="Durable"/> told of it.</summary>
    /// <exception cref="LedgerUnavailableException">It never will be.</exception>
    public async ValueTask CatchUpAsync(CancellationToken cancellationToken)
    {
        var barrier = new BarrierCommand();
        if (await _writer.SendAsync(barrier, cancellationToken) is { } trouble)
        {
            throw new LedgerUnavailableException(trouble);
        }

        await barrier.Passed.WaitAsync(cancellationToken);
    }

    /// <summary>The durable lines after a number, in order; reads the file, not the books.</summary>
    public IEnumerable<JournalLine> ReadAfter(long sequence) => _journal.ReadAfter(sequence);

    /// <summary>Finishes what was sent, syncs, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _closing.CancelAsync();
            await _check;
            await _writer.DisposeAsync();
            _journal.Dispose();
            _digest.Dispose();
            _closing.Dispose();
        }
    }

    /// <summary>Lines are on disk.</summary>
    internal void Tell(IReadOnlyList<JournalLine> lines) => Durable?.Invoke(lines);

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

    private static void WriteFirstLines(OpenedLedger opened, GroupCommit batch, IRandomSource random)
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

        if (batch.Seal() is { Lines: [.., var last] } first)
        {
            opened.Journal.Append(first.Bytes, last.Sequence, last.Hash);
            first.Frames.ForEach(frame => opened.Digest.Append(frame.Frame, frame.Lines));
        }
    }

    private void CheckDigest()
    {
        try
        {
            if (_digest.Frames.Count > 0 && _journal.CheckDigest(_digest.Frames, _closing.Token) is { } problem)
            {
                Hold("journal", $"the journal and its digest differ: {problem}. One of them was changed: stop, run `smartproxy ledger verify`; when the journal is good, remove `{JournalFiles.Folder}/{DigestFile.FileName}` and start again");
            }
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            Hold("journal", $"the journal can't be read any more: {e.Message}");
        }
    }
}
