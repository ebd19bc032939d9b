using System.Globalization;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// The wall clock of a process, moved while it runs: <c>libfaketime</c> reads this file at each look at the clock. Time since boot and timers go on as
/// they are, as when somebody sets the machine's clock.
/// </summary>
internal sealed class FakeClock(string file)
{
    private static readonly string? Library = new[] { "x86_64-linux-gnu", "aarch64-linux-gnu" }.Select(machine => $"/usr/lib/{machine}/faketime/libfaketimeMT.so.1").FirstOrDefault(File.Exists);

    public static void Require()
    {
        const string absent = "libfaketime is not installed";
        Assert.True(Library is not null || Environment.GetEnvironmentVariable("CI") != "true", absent);
        Assert.SkipWhen(Library is null, absent);
    }

    /// <summary>For the process whose clock this is.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Library!,
        ["FAKETIME_TIMESTAMP_FILE"] = file,
        ["FAKETIME_NO_CACHE"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
    };

    /// <summary>From now on the process reads the real time and this much more.</summary>
    public void Shift(TimeSpan offset)
    {
        File.WriteAllText(file + ".new", string.Create(CultureInfo.InvariantCulture, $"{offset.TotalSeconds:+0;-0}\n"));
        File.Move(file + ".new", file, overwrite: true);
    }
}
