using System.Diagnostics;

namespace SmartProxy.Tests.Receipts;

/// <summary>Programs of others that check what we sign. Without one nothing is tested, which the output says, except in CI, where that is a failure.</summary>
internal static class OtherTools
{
    public static bool Has(string tool, string versionArgument)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(tool, versionArgument) { RedirectStandardOutput = true });
            process!.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception) when (Environment.GetEnvironmentVariable("CI") != "true")
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"not run: `{tool}` isn't on the path");
            return false;
        }
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
