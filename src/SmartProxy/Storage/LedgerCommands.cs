using SmartProxy.Ledger;

namespace SmartProxy.Storage;

/// <summary>Something that the writer is asked to do. Decided in its turn; answered then, or when the batch is on disk.</summary>
internal abstract class LedgerCommand
{
    /// <summary>Decides, and adds lines to the batch. An <see cref="ArgumentException"/> concerns this command alone.</summary>
    public abstract void Decide(GroupCommit batch);

    /// <summary>The batch is on disk.</summary>
    public virtual void Durable(LedgerHost host)
    {
    }

    /// <summary>It could not be done, or can't be relied on.</summary>
    public abstract void Fail(Exception reason);
}

internal sealed class ReserveCommand(ReserveRequest request, CancellationToken cancellationToken) : LedgerCommand
{
    private readonly TaskCompletionSource<ReserveOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Reservation? _reservation;

    public Task<ReserveOutcome> Outcome => _outcome.Task;

    public override void Decide(GroupCommit batch)
    {
        // The last moment to give up: once it is decided, the caller learns what was reserved for it.
        if (cancellationToken.IsCancellationRequested)
        {
            _outcome.TrySetCanceled(cancellationToken);
            return;
        }

        if (batch.IsDiskFull)
        {
            _outcome.TrySetResult(new ReserveOutcome.Refused(ReserveRefusal.LedgerUnavailable));
            return;
        }

        var decision = batch.Ledger.Decide(request, batch.Now, batch.DurableHead);
        if (decision.Entry is not { } entry)
        {
            _outcome.TrySetResult(decision.Refusal!);
            return;
        }

        var line = batch.Append(entry);
        var usage = request.Lines.Select(limit => batch.Ledger.Usage(limit, line.At)).ToArray();
        _reservation = new Reservation(entry.Id, entry.Authorization, entry.Facts.Value, entry.DecisionRecord, line.Sequence, usage);
    }

    public override void Durable(LedgerHost host)
    {
        // INVARIANT: nobody can find a reservation to sign before its line is on disk.
        if (_reservation is { } reservation)
        {
            host.Offer(reservation);
            _outcome.TrySetResult(new ReserveOutcome.Reserved(reservation));
        }
    }

    public override void Fail(Exception reason)
    {
        if (reason is LedgerUnavailableException)
        {
            _outcome.TrySetResult(new ReserveOutcome.Refused(ReserveRefusal.LedgerUnavailable));
        }
        else
        {
            _outcome.TrySetException(reason);
        }
    }
}

internal sealed class RecordCommand(LedgerEvent entry) : LedgerCommand
{
    private readonly TaskCompletionSource _recorded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _written;

    public Task Recorded => _recorded.Task;

    public override void Decide(GroupCommit batch)
    {
        // INVARIANT: on a full disk the room that is left is for what became of signed payments, and for the operator.
        if (batch.IsDiskFull && entry is LedgerEvent.Refused or LedgerEvent.SellerSigned or LedgerEvent.ApprovalRequested)
        {
            _recorded.TrySetException(new LedgerUnavailableException("the disk is full: what is left of it is kept for the outcomes of payments"));
            return;
        }

        var line = new JournalEntry.Recorded(entry);
        if (batch.Ledger.Objection(line, batch.Now) is { } objection)
        {
            _recorded.TrySetException(new LedgerInvariantException(objection));
            return;
        }

        batch.Append(line);
        _written = true;
    }

    public override void Durable(LedgerHost host)
    {
        if (_written)
        {
            host.Happened(entry);
            _recorded.TrySetResult();
        }
    }

    public override void Fail(Exception reason) => _recorded.TrySetException(reason);
}

/// <summary>A question to the books in their turn; it waits for no disk.</summary>
internal sealed class QueryCommand<T>(Func<BudgetLedger, DateTimeOffset, T> question) : LedgerCommand
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => _answer.Task;

    // A question that fails is the asker's trouble, not the ledger's.
    public override void Decide(GroupCommit batch)
    {
        try
        {
            _answer.TrySetResult(question(batch.Ledger, batch.Now));
        }
        catch (Exception e)
        {
            _answer.TrySetException(e);
        }
    }

    public override void Fail(Exception reason) => _answer.TrySetException(reason);
}

/// <summary>Ends when everything that was sent before it is on disk.</summary>
internal sealed class BarrierCommand : LedgerCommand
{
    private readonly TaskCompletionSource _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Passed => _passed.Task;

    public override void Decide(GroupCommit batch)
    {
        // It only waits for its turn to be durable.
    }

    public override void Durable(LedgerHost host) => _passed.TrySetResult();

    public override void Fail(Exception reason) => _passed.TrySetException(reason);
}
