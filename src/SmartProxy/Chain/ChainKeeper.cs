using System.Threading.Channels;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Chain;

/// <summary>A chain that is swept, and how often.</summary>
internal sealed record KeptChain(ChainWatch Watch, TimeSpan Interval)
{
    /// <summary>Asks for a sweep; many askings at once are one.</summary>
    public Channel<bool> Due { get; } = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>When the last sweep ended, as a timestamp of the clock.</summary>
    public long SweptAt { get; set; }
}

/// <summary>Sweeps every configured chain, and looks at the clock, for as long as the process runs.</summary>
internal sealed partial class ChainKeeper(IReadOnlyList<KeptChain> chains, TimeProvider time, ILogger<ChainKeeper> logger) : IAsyncDisposable
{
    private static readonly TimeSpan ClockInterval = TimeSpan.FromSeconds(5);

    /// <summary>The least time between two sweeps, whoever asks.</summary>
    private static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];

    /// <summary>Whether there are nodes of a chain: then only the chain frees money there.</summary>
    public bool Watches(ChainId chain) => chains.Any(kept => kept.Watch.Chain == chain);

    /// <summary>The time of the newest final block that all nodes of a chain agree about; null without nodes, or before the first agreement.</summary>
    public DateTimeOffset? FinalTime(ChainId chain) => chains.FirstOrDefault(kept => kept.Watch.Chain == chain)?.Watch.Head?.Final.Time;

    /// <summary>Of all chains the newest block that all of its nodes know, the one with the latest time; null before the first agreement.</summary>
    public BlockHeader? Furthest() => chains.Select(kept => kept.Watch.Head?.Newest).OfType<BlockHeader>().MaxBy(block => block.Time);

    /// <summary>
    /// Begins, and waits for the first look at each chain, but not longer than <paramref name="patience"/>: a rolled-back folder is then noticed before
    /// the first payment, and a node that is down does not keep everything down.
    /// </summary>
    public async Task StartAsync(ClockWatch clock, TimeSpan patience, CancellationToken cancellationToken)
    {
        var first = Task.WhenAll(chains.Select(kept => SweepFullyAsync(kept.Watch)));
        _loops.Add(LookAtClockAsync(clock));
        _loops.AddRange(chains.Select(kept => SweepOnAsync(first, kept)));
        await Task.WhenAny(first, Task.Delay(patience, time, cancellationToken));
    }

    /// <summary>Sweeps a chain soon, because a wallet seemed to have too little: it may just have been funded.</summary>
    public void Hurry(ChainId chain)
    {
        if (chains.FirstOrDefault(kept => kept.Watch.Chain == chain) is { } kept && time.GetElapsedTime(kept.SweptAt) >= LeastInterval)
        {
            kept.Due.Writer.TryWrite(true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    private async Task LookAtClockAsync(ClockWatch clock)
    {
        using var timer = new PeriodicTimer(ClockInterval, time);
        while (await NextAsync(timer))
        {
            clock.Look();
        }
    }

    private async Task SweepOnAsync(Task first, KeptChain kept)
    {
        await first;
        kept.SweptAt = time.GetTimestamp();
        await Task.WhenAll(TickAsync(kept), SweepWhenDueAsync(kept));
    }

    private async Task TickAsync(KeptChain kept)
    {
        using var timer = new PeriodicTimer(kept.Interval, time);
        while (await NextAsync(timer))
        {
            kept.Due.Writer.TryWrite(true);
        }

        kept.Due.Writer.TryComplete();
    }

    private async Task SweepWhenDueAsync(KeptChain kept)
    {
        while (await kept.Due.Reader.WaitToReadAsync() && !_stop.IsCancellationRequested)
        {
            kept.Due.Reader.TryRead(out _);
            await SweepFullyAsync(kept.Watch);
            kept.SweptAt = time.GetTimestamp();
        }
    }

    // A long history is read range by range without a pause, as long as it goes on.
    private async Task SweepFullyAsync(ChainWatch watch)
    {
        try
        {
            while (!await watch.SweepAsync(_stop.Token) && watch.HasMore && !_stop.IsCancellationRequested)
            {
                LogMore(watch.Chain);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The process is stopping.
        }
        catch (LedgerUnavailableException e)
        {
            LogLedger(watch.Chain, e.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // INVARIANT: the watch never ends by itself; what it could not do it tries again.
            LogFailed(watch.Chain, e);
        }
    }

    private async Task<bool> NextAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 1605, Level = LogLevel.Information, Message = "{Chain} is read from earlier blocks on; there is more")]
    private partial void LogMore(ChainId chain);

    [LoggerMessage(EventId = 1606, Level = LogLevel.Error, Message = "{Chain} can't be booked because the ledger failed: {Trouble}")]
    private partial void LogLedger(ChainId chain, string trouble);

    [LoggerMessage(EventId = 1607, Level = LogLevel.Error, Message = "The sweep of {Chain} failed and is tried again")]
    private partial void LogFailed(ChainId chain, Exception fault);
}
