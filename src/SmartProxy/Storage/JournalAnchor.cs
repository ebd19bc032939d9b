using SmartProxy.Installation;

namespace SmartProxy.Storage;

/// <summary>
/// Keeps the journal's head in a file outside the data folder, so that a folder that was rolled back is noticed at the next start: the anchor has
/// seen a line that the journal does not hold. Then nobody pays, and the anchor stays as it is, until an operator accepts the older copy.
/// </summary>
internal sealed partial class JournalAnchor : IAsyncDisposable
{
    /// <summary>Who holds payments back.</summary>
    public const string By = "anchor";

    /// <summary>At most one write in this time; what is newer is written with the next one.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly LedgerHost _ledger;
    private readonly string _path;
    private readonly ILogger<JournalAnchor> _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private AnchorHead _written;

    private JournalAnchor(LedgerHost ledger, string path, AnchorHead written, TimeProvider time, ILogger<JournalAnchor> logger)
    {
        (_ledger, _path, _written, _logger) = (ledger, path, written, logger);

        // Made here and not on the other thread: a second that passes right now counts.
        var timer = new PeriodicTimer(Interval, time);
        _loop = Task.Run(() => FollowAsync(timer));
    }

    /// <summary>Why the anchor does not follow the journal, in words, or null.</summary>
    public string? Trouble { get; private set; }

    /// <summary>What an operator should know at the start, or null.</summary>
    public string? Notice { get; private init; }

    /// <summary>
    /// Compares the anchor with the journal. When the journal holds what the anchor has seen, or an operator accepted that it does not, the anchor
    /// follows from now on; otherwise everybody is held back and null is returned.
    /// </summary>
    /// <exception cref="OperatorException">The anchor can't be read or written, or lies where a rollback would take it along.</exception>
    public static async ValueTask<JournalAnchor?> OpenAsync(LedgerHost ledger, string path, DataFolder data, TimeProvider time, ILogger<JournalAnchor> logger)
    {
        if (Path.GetFullPath(path).StartsWith(data.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new OperatorException($"SmartProxy:Ledger:Anchor: expected a file outside the data folder, found `{path}`: who restores an old copy of the folder would restore it too");
        }

        if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
        {
            throw new OperatorException($"SmartProxy:Ledger:Anchor: the folder of `{path}` does not exist; it is never made, because a disk that is not mounted would look like a first start");
        }

        var anchor = AnchorHead.Read(path);
        var head = await HeadAsync(ledger);
        if (anchor is not null && await ObjectionAsync(ledger, anchor) is { } objection)
        {
            ledger.Hold(By, $"rolled back: {objection}. If that is meant: stop, then `smartproxy ledger accept-rollback --anchor {path} --data {data} --reason TEXT`");
            return null;
        }

        Write(path, head);
        return new JournalAnchor(ledger, path, head, time, logger) { Notice = anchor is null ? $"the anchor `{path}` was not there and begins now" : null };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        TryFollow();
    }

    /// <summary>What the anchor has seen and the journal does not hold, in words; null when all is well or was accepted.</summary>
    private static async ValueTask<string?> ObjectionAsync(LedgerHost ledger, AnchorHead anchor)
    {
        var (journal, accepted) = await ledger.QueryAsync((books, _) => (books.Journal, books.IsRollbackAccepted(anchor.Sequence, anchor.Hash)), CancellationToken.None);
        return accepted ? null
            : journal != anchor.Journal ? $"the anchor is of another journal ({anchor.Journal})"
            : anchor.Sequence > ledger.Health.Sequence ? $"the anchor has seen line {anchor.Sequence}, and the journal ends with line {ledger.Health.Sequence}"
            : ledger.ReadAfter(anchor.Sequence - 1).First().Hash != anchor.Hash ? $"line {anchor.Sequence} is not the one that the anchor has seen"
            : null;
    }

    private static async ValueTask<AnchorHead> HeadAsync(LedgerHost ledger)
    {
        var journal = await ledger.QueryAsync((books, _) => books.Journal, CancellationToken.None);
        var health = ledger.Health;
        return new AnchorHead(journal!.Value, health.Sequence, health.Head);
    }

    private static void Write(string path, AnchorHead head)
    {
        try
        {
            head.Write(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"the anchor `{path}` can't be written ({fault.Message})", OperatorException.Failed, fault);
        }
    }

    private async Task FollowAsync(PeriodicTimer timer)
    {
        using var ticking = timer;
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                TryFollow();
            }
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
    }

    // Payments go on without it: the books are whole, and health says that a rollback from here on would not be noticed.
    private void TryFollow()
    {
        var health = _ledger.Health;
        if (health.Sequence == _written.Sequence)
        {
            return;
        }

        try
        {
            var head = _written with { Sequence = health.Sequence, Hash = health.Head };
            head.Write(_path);
            (_written, Trouble) = (head, null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (Trouble is null)
            {
                LogNotWritten(fault.Message);
            }

            Trouble = $"the anchor `{_path}` can't be written ({fault.Message}): a data folder that is rolled back would not be noticed";
        }
    }

    [LoggerMessage(EventId = 1620, Level = LogLevel.Error, Message = "The anchor can't be written: {Problem}")]
    private partial void LogNotWritten(string problem);
}
