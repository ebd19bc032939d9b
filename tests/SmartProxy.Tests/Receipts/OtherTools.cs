using System.Diagnostics;

namespace SmartProxy.Tests.Receipts;

/// <summary>Programs of others, that check what we sign and use what we serve.</summary>
internal static class OtherTools
{
    /// <summary>Skips the test where a program is not installed; fails it in CI.</summary>
    public static void Require(string tool)
    {
        var isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)) || File.Exists(Path.Combine(folder, tool + ".exe")));
        Assert.True(isThere || Environment.GetEnvironmentVariable("CI") != "true", $"`{tool}` is not on the path, and CI needs it");
        Assert.SkipUnless(isThere, $"`{tool}` is not on the path");
    }

    public static async Task<(int ExitCode, string Output)> RunAsync(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(output + await errors);
        return (process.ExitCode, output);
    }
}
