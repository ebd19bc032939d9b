using System.Diagnostics;

namespace SmartProxy.Installation;

/// <summary>
/// Named edges between two steps. A debug build that is told one of them in <see cref="Variable"/> ends there as by <c>kill -9</c>, so that tests can
/// prove that nothing is lost on either side of it. Into a release build no call is compiled, arguments included.
/// </summary>
internal static class CrashPoint
{
    /// <summary>The environment variable: an edge and, after <c>#</c>, which time it is reached; the first time by default. For example <c>journal-written#3</c>.</summary>
    public const string Variable = "SMARTPROXY_CRASH_AT";

    /// <summary>Stands for every edge: <c>*#200</c> is the two hundredth that is reached at all.</summary>
    private const string Any = "*";

    private static readonly Countdown? Armed = Countdown.TryParse(Environment.GetEnvironmentVariable(Variable));

    [Conditional("DEBUG")]
    public static void Reach(string edge)
    {
        if (Armed?.IsTime(edge) == true)
        {
            Unix.KillSelf();
        }
    }

    /// <summary>What a file is called in the names of edges: <c>journal</c> for <c>journal-000001.jsonl</c>, <c>head</c> for <c>head.jsonl</c>.</summary>
    public static string KindOf(string path) => Path.GetFileName(path).Split('-', '.')[0];

    private sealed class Countdown(string edge, int times)
    {
        private int _left = times;

        public static Countdown? TryParse(string? text) => text?.Split('#') switch
        {
            [var edge] => new Countdown(edge, times: 1),
            [var edge, var times] when int.TryParse(times, out var count) => new Countdown(edge, count),
            _ => null,
        };

        public bool IsTime(string reached) => (edge is Any || reached == edge) && Interlocked.Decrement(ref _left) == 0;
    }
}
