using System.Threading.Channels;
using Microsoft.Extensions.Hosting;

namespace SmartProxy.Policies;

/// <summary>
/// Decides when the policy file is looked at again: when its folder stirs, and every two seconds in case it stirred unheard (network file
/// systems, swapped links, a full event queue).
/// </summary>
internal sealed partial class PolicyFileWatcher(PolicyFile policy, TimeProvider time, ILogger<PolicyFileWatcher> logger) : BackgroundService
{
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <summary>How long the folder has to be quiet after it stirred; an editor makes several steps of one save.</summary>
    public static readonly TimeSpan Debounce = TimeSpan.FromMilliseconds(100);

    private readonly Channel<bool> _stirred = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var folder = WatchFolder();
        await Task.WhenAll(PollAsync(stoppingToken), LookAsync(stoppingToken));
    }

    private async Task PollAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(PollInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Stir();
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        while (await _stirred.Reader.WaitToReadAsync(stoppingToken))
        {
            // Taken before looking, so that what stirs during the look leads to another one.
            _stirred.Reader.TryRead(out _);
            if (policy.MayHaveChanged())
            {
                await Task.Delay(Debounce, time, stoppingToken);
                await ReloadAsync(stoppingToken);
            }
        }
    }

    private async Task ReloadAsync(CancellationToken stoppingToken)
    {
        try
        {
            await policy.ReloadAsync(stoppingToken);
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            // The policy in force stays; a defect here must not take the proxy down with it.
            LogBroken(broken);
        }
    }

    private FileSystemWatcher? WatchFolder()
    {
        var path = Path.GetFullPath(policy.Health.File);
        try
        {
            var name = Path.GetFileName(path);
            var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!);
            watcher.Created += (_, change) => StirIf(change.Name);
            watcher.Changed += (_, change) => StirIf(change.Name);
            watcher.Deleted += (_, change) => StirIf(change.Name);
            watcher.Renamed += (_, change) => StirIf(change.Name);
            watcher.Error += (_, _) => Stir();
            watcher.EnableRaisingEvents = true;
            return watcher;

            // Kubernetes swaps the link `..data` beside the file.
            void StirIf(string? changed)
            {
                if (changed == name || changed?.StartsWith("..", StringComparison.Ordinal) == true)
                {
                    Stir();
                }
            }
        }
        catch (Exception unwatched) when (unwatched is IOException or ArgumentException or PlatformNotSupportedException)
        {
            LogUnwatched(path, unwatched.Message);
            return null;
        }
    }

    private void Stir() => _stirred.Writer.TryWrite(true);

    [LoggerMessage(EventId = 1710, Level = LogLevel.Warning, Message = "The folder of {Path} can't be watched ({Reason}); the policy is looked at every two seconds instead")]
    private partial void LogUnwatched(string path, string reason);

    [LoggerMessage(EventId = 1711, Level = LogLevel.Error, Message = "The policy file could not be judged; the policy in force stays")]
    private partial void LogBroken(Exception broken);
}
