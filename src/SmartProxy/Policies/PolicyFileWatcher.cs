using System.Threading.Channels;

namespace SmartProxy.Policies;

/// <summary>
/// Decides when the policy is looked at again: when its folder stirs, and every two seconds in case it stirred unheard (network file systems,
/// swapped links, a full event queue).
/// </summary>
/// <param name="policy">The policy.</param>
/// <param name="time">For the pauses.</param>
/// <param name="logger">Receives what can't be watched.</param>
/// <param name="listen">Opens a listener on a folder; a seam for tests.</param>
internal sealed partial class PolicyFileWatcher(PolicyFile policy, TimeProvider time, ILogger<PolicyFileWatcher> logger, Func<string, FileSystemWatcher>? listen = null) : BackgroundService
{
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <summary>How long what lies on disk has to stay the same after it stirred; an editor makes several steps of one save.</summary>
    public static readonly TimeSpan Debounce = TimeSpan.FromMilliseconds(100);

    // Whoever writes without a pause is looked at all the same, after two seconds; two equal readings and a whole text are asked for then, too.
    private const int MaxPauses = 20;

    private readonly Channel<bool> _stirred = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly List<FileSystemWatcher> _listening = [];

    /// <summary>From here on nothing stirs unheard: what happens before the first look is waiting for it.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(policy.Health.File);
        var name = Path.GetFileName(path);

        // Kubernetes swaps the link `..data` beside a file or inside a folder.
        Listen(Path.GetDirectoryName(path)!, changed => changed == name || changed == policy.ShadowName || changed?.StartsWith("..", StringComparison.Ordinal) == true);
        if (Directory.Exists(path))
        {
            Listen(path, static _ => true);
        }

        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _listening.ForEach(watcher => watcher.Dispose());
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(PollAsync(stoppingToken), LookAsync(stoppingToken));

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
                await SettleAsync(stoppingToken);
                await ReloadAsync(stoppingToken);
            }
        }
    }

    private async Task SettleAsync(CancellationToken stoppingToken)
    {
        var before = policy.Fingerprint();
        for (var pause = 0; pause < MaxPauses; pause++)
        {
            await Task.Delay(Debounce, time, stoppingToken);
            var now = policy.Fingerprint();
            if (now == before)
            {
                return;
            }

            before = now;
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

    private void Listen(string folder, Func<string?, bool> matters)
    {
        try
        {
            var watcher = (listen ?? (static path => new FileSystemWatcher(path)))(folder);
            watcher.Created += (_, change) => StirIf(change.Name);
            watcher.Changed += (_, change) => StirIf(change.Name);
            watcher.Deleted += (_, change) => StirIf(change.Name);
            watcher.Renamed += (_, change) => StirIf(change.Name);
            watcher.Error += (_, _) => Stir();
            watcher.EnableRaisingEvents = true;
            _listening.Add(watcher);

            void StirIf(string? changed)
            {
                if (matters(changed))
                {
                    Stir();
                }
            }
        }
        catch (Exception unwatched) when (unwatched is IOException or ArgumentException or PlatformNotSupportedException)
        {
            LogUnwatched(folder, unwatched.Message);
        }
    }

    private void Stir() => _stirred.Writer.TryWrite(true);

    [LoggerMessage(EventId = 1710, Level = LogLevel.Warning, Message = "The folder {Path} can't be watched ({Reason}); the policy is looked at every two seconds instead")]
    private partial void LogUnwatched(string path, string reason);

    [LoggerMessage(EventId = 1711, Level = LogLevel.Error, Message = "The policy could not be judged; the policy in force stays")]
    private partial void LogBroken(Exception broken);
}
