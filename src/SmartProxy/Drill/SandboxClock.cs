namespace SmartProxy.Drill;

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class SandboxClock(DateTimeOffset start) : TimeProvider
{
    private long _ticks = start.UtcTicks;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public void MoveTo(DateTimeOffset time) => Interlocked.Exchange(ref _ticks, Math.Max(time.UtcTicks, Interlocked.Read(ref _ticks)));
}
