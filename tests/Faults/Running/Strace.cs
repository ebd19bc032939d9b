using System.Diagnostics;
using System.Globalization;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// A fault of the system, made by <c>strace</c>: from now on every call of a kind on a path ends as told, until this is disposed. The calls of all other
/// files go through.
/// </summary>
internal sealed class Strace : IAsyncDisposable
{
    private readonly Process _process;

    private Strace(Process process) => _process = process;

    /// <summary>Why there is no strace here, or null. In CI it has to be there.</summary>
    public static string? Absent { get; } =
        !OperatingSystem.IsLinux() ? "faults of system calls are made with strace, on Linux"
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "strace"))) ? null
        : "strace is not installed";

    public static void Require()
    {
        Assert.True(Absent is null || Environment.GetEnvironmentVariable("CI") != "true", Absent);
        Assert.SkipWhen(Absent is not null, Absent ?? "");
    }

    /// <summary>The words before a program that let it run with a fault from its first moment on.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="calls">Names of system calls, with commas.</param>
    /// <param name="fault">Such as <c>error=EIO</c> or <c>retval=40</c>.</param>
    public static string[] Wrapper(string path, string calls, string fault) =>
        ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-P", path, "-e", "trace=" + calls, "-e", $"inject={calls}:{fault}"];

    /// <summary>Makes the fault in a running process; returns when it holds.</summary>
    public static async Task<Strace> AttachAsync(int process, string path, string calls, string fault)
    {
        string[] arguments = ["-f", "-o", "/dev/null", "-p", process.ToString(CultureInfo.InvariantCulture), "-P", path, "-e", "trace=" + calls, "-e", $"inject={calls}:{fault}"];
        var start = new ProcessStartInfo("strace", arguments) { RedirectStandardError = true };
        var strace = new Strace(Process.Start(start)!);
        var said = await strace._process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.True(said?.Contains("attached", StringComparison.Ordinal) == true, said);
        _ = strace._process.StandardError.ReadToEndAsync(CancellationToken.None);
        return strace;
    }

    /// <summary>Lets go: the calls work again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var stop = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await stop.WaitForExitAsync(CancellationToken.None);
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
