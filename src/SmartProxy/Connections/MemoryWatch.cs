using Microsoft.Extensions.Options;
using SmartProxy.Options;

namespace SmartProxy.Connections;

/// <summary>
/// Whether the process holds more memory than it should take further work on with. Looked at when somebody asks, at most twice a second; the
/// collector is told to give back what it keeps in reserve, so that a burst that is over does not refuse the next one.
/// </summary>
internal sealed class MemoryWatch
{
    // Below the three quarters of a container at which the runtime itself gives up.
    private const int DefaultPercent = 60;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CollectEvery = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private long _looked;
    private long _collected;
    private volatile bool _isShort;

    public MemoryWatch(IOptions<ConnectionOptions> options, TimeProvider time)
    {
        _time = time;
        Most = options.Value.MemoryBytes > 0 ? options.Value.MemoryBytes : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 100 * DefaultPercent;
    }

    /// <summary>Bytes that the process should hold at most.</summary>
    public long Most { get; }

    public bool IsShort
    {
        get
        {
            if (IsTime(ref _looked, LookEvery))
            {
                Look();
            }

            return _isShort;
        }
    }

    private void Look()
    {
        _isShort = Environment.WorkingSet > Most;
        if (_isShort && IsTime(ref _collected, CollectEvery))
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    // True for one caller only.
    private bool IsTime(ref long last, TimeSpan every)
    {
        var (seen, now) = (Interlocked.Read(ref last), _time.GetTimestamp());
        return _time.GetElapsedTime(seen, now) >= every && Interlocked.CompareExchange(ref last, now, seen) == seen;
    }
}
