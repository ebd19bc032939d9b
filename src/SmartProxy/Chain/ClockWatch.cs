using System.Globalization;
using SmartProxy.Ledger;

namespace SmartProxy.Chain;

/// <summary>Time since the machine was started, suspensions included; nobody can set it.</summary>
internal interface IBootClock
{
    TimeSpan Elapsed { get; }
}

/// <summary>
/// Compares the wall clock with the time since boot. A jump of the wall clock beyond <see cref="MaxJump"/> freezes payments until an operator has
/// looked: forwards it would open the next day's budgets, backwards it would make authorizations that are valid too long.
/// </summary>
internal sealed partial class ClockWatch(TimeProvider time, IBootClock boot, ILedger ledger, ILogger<ClockWatch> logger)
{
    public static readonly TimeSpan MaxJump = TimeSpan.FromMinutes(5);

    /// <summary>Who freezes.</summary>
    public const string By = "clock";

    // Small corrections are forgotten after an hour; within it they add up, so that many small steps are a jump too.
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private DateTimeOffset _wall = time.GetUtcNow();
    private TimeSpan _boot = boot.Elapsed;

    /// <summary>Looks at both clocks. What is wrong, in words, when this look found a jump; the freeze holds before this returns.</summary>
    public string? Look()
    {
        lock (_gate)
        {
            var (wall, elapsed) = (time.GetUtcNow(), boot.Elapsed);
            var jump = wall - _wall - (elapsed - _boot);
            if (jump.Duration() <= MaxJump)
            {
                (_wall, _boot) = elapsed - _boot > Memory ? (wall, elapsed) : (_wall, _boot);
                return null;
            }

            (_wall, _boot) = (wall, elapsed);
            var what = string.Create(CultureInfo.InvariantCulture, $"clock: it jumped by {jump.TotalSeconds:+0;-0} s and says {wall:u}; when it is right, `smartproxy unfreeze`");
            _ = FreezeAsync(what);
            return what;
        }
    }

    // INVARIANT: recording a freeze closes the switch before it waits for the disk.
    private async Task FreezeAsync(string what)
    {
        LogJump(what);
        try
        {
            await ledger.RecordAsync(new LedgerEvent.Frozen(null, By, what));
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(e.Message);
        }
    }

    [LoggerMessage(EventId = 1610, Level = LogLevel.Error, Message = "Payments are frozen: {What}")]
    private partial void LogJump(string what);

    [LoggerMessage(EventId = 1611, Level = LogLevel.Error, Message = "The freeze could not be recorded: {Trouble}")]
    private partial void LogNotRecorded(string trouble);
}
