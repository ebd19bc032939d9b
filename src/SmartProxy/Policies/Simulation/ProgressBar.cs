using System.Globalization;

namespace SmartProxy.Policies.Simulation;

/// <summary>How far a long command is, on one line of a terminal; silent where nobody watches.</summary>
internal sealed class ProgressBar(TextWriter output, bool isWatched, TimeProvider time)
{
    private const int Width = 30;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly long _start = time.GetTimestamp();
    private TimeSpan _next = TimeSpan.FromMilliseconds(300); // what is done sooner needs no bar
    private bool _isShown;

    public void Show(long done, long all)
    {
        var elapsed = time.GetElapsedTime(_start);
        if (!isWatched || elapsed < _next || all <= 0)
        {
            return;
        }

        (_next, _isShown) = (elapsed + Pace, true);
        var filled = (int)(Width * done / all);
        output.Write(string.Create(CultureInfo.InvariantCulture, $"\r[{new string('#', filled)}{new string('.', Width - filled)}] {100 * done / all,3} %  {elapsed.TotalSeconds:F0} s"));
        output.Flush();
    }

    /// <summary>Takes the line away, so that the answer stands alone.</summary>
    public void Clear()
    {
        if (_isShown)
        {
            output.Write("\r\u001b[K");
            output.Flush();
        }
    }
}
