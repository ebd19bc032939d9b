using System.Threading.Channels;
using SmartProxy.Installation;
using SmartProxy.Ledger;

namespace SmartProxy.Storage;

/// <summary>
/// The one writer of a ledger. It decides against memory what is waiting, and while that batch is written and synced it decides the next one;
/// each caller is answered when its own batch is on disk. INVARIANT: batches become durable one after another in the order of their decisions, and
/// after a failure none does, so whatever a decision built on is durable before its own answer, or there is no answer.
/// </summary>
internal sealed class LedgerWriter : IAsyncDisposable
{
    /// <summary>The most commands that share one sync.</summary>
    public const int MaxBatch = 1024;

    /// <summary>The most commands that wait; callers beyond it wait to be let in.</summary>
    public const int QueueCapacity = 8192;

    private static readonly TimeSpan HeadSyncInterval = TimeSpan.FromSeconds(1);

    private readonly LedgerHost _host;
    private readonly TimeProvider _time;
    private readonly FileJournal _journal;
    private readonly GroupCommit _batch;
    private readonly DigestFile _digest;
    private readonly TaskScheduler _scheduler;
    private readonly Channel<LedgerCommand> _queue = Channel.CreateBounded<LedgerCommand>(new BoundedChannelOptions(QueueCapacity) { SingleReader = true });
    private readonly Task _loop;
    private volatile LedgerHealth _durable;
    private volatile string? _trouble;
    private long _headSyncedAt;

    public LedgerWriter(LedgerHost host, TimeProvider time, FileJournal journal, GroupCommit batch, DigestFile digest, TaskScheduler scheduler)
    {
        (_host, _time, _journal, _batch, _digest, _scheduler) = (host, time, journal, batch, digest, scheduler);
        _durable = new LedgerHealth(journal.Head.Hash, journal.Head.Sequence, batch.Ledger.PolicyHash, Trouble: null);
        _headSyncedAt = time.GetTimestamp();
        _loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
    }

    /// <summary>Why nothing is recorded any more, or null.</summary>
    public string? Trouble => _trouble;

    public LedgerHealth Health => _durable with { Trouble = _trouble };

    /// <summary>Hands a command over; gives the reason when that can't be done.</summary>
    public async ValueTask<string?> SendAsync(LedgerCommand command, CancellationToken cancellationToken)
    {
        if (_trouble is { } trouble)
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
            return _trouble ?? "the ledger is closed: the process is stopping";
        }
    }

    /// <summary>Finishes what was sent, and syncs the head.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        TrySyncHead();
    }

    private async Task RunAsync()
    {
        var (committing, more) = (Task.CompletedTask, Task.FromResult(true));
        var isOpen = true;
        while (isOpen || _batch.Filling.Commands.Count > 0)
        {
            DecideWaiting();
            if (committing.IsCompleted && _batch.Filling.Commands.Count > 0)
            {
                var batch = _batch.Seal();
                committing = Task.Factory.StartNew(() => Commit(batch), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
                continue;
            }

            more = more.IsCompleted && isOpen ? MoreAsync() : more;
            await (_batch.Filling.Commands.Count is > 0 and < MaxBatch && isOpen ? Task.WhenAny(committing, more)
                : _batch.Filling.Commands.Count > 0 ? committing
                : more);
            isOpen = !more.IsCompleted || await more;
        }

        await committing;
    }

    // Awaited, so that it ends on our own scheduler.
    private async Task<bool> MoreAsync() => await _queue.Reader.WaitToReadAsync();

    private void DecideWaiting()
    {
        _journal.TakeReserveAgain();
        var commands = _batch.Filling.Commands;
        while (commands.Count < MaxBatch && _queue.Reader.TryRead(out var command))
        {
            commands.Add(command);
            Decide(command);
        }
    }

    private void Decide(LedgerCommand command)
    {
        try
        {
            if (_trouble is null)
            {
                command.Decide(_batch);
            }
        }
        catch (ArgumentException e)
        {
            command.Fail(e);
        }
        catch (Exception e)
        {
            Stop(e);
        }
    }

    // Write once, sync once, answer all. After a failure the commands are only told. Never throws.
    private void Commit(Batch batch)
    {
        try
        {
            if (_trouble is { } trouble)
            {
                throw new LedgerUnavailableException(trouble);
            }

            if (batch.Lines is [.., var last])
            {
                _journal.Append(batch.Bytes, last.Sequence, last.Hash);
                _durable = new LedgerHealth(last.Hash, last.Sequence, batch.PolicyHash, Trouble: null);
                batch.Frames.ForEach(frame => _digest.Append(frame.Frame, frame.Lines));
            }

            CrashPoint.Reach("batch-durable");
            Tell(batch.Lines);
            batch.Commands.ForEach(command => command.Durable(_host));
            CrashPoint.Reach("batch-answered");
            SyncHeadNowAndThen(batch.Lines);
        }
        catch (Exception e)
        {
            Stop(e);
            var reason = new LedgerUnavailableException(_trouble!, e);
            batch.Commands.ForEach(command => command.Fail(reason));
        }
    }

    private void Stop(Exception reason)
    {
        _trouble ??= $"the journal failed and nothing is paid any more: {reason.Message}. Find the cause, then start the process again";
        _queue.Writer.TryComplete();
    }

    // Followers first: whoever is answered finds them told.
    private void Tell(List<JournalLine> lines)
    {
        if (lines.Count > 0)
        {
            _host.Tell(lines);
        }
    }

    private void SyncHeadNowAndThen(List<JournalLine> lines)
    {
        if (lines.Count > 0 && _time.GetElapsedTime(_headSyncedAt) >= HeadSyncInterval)
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
