using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace SmartProxy.Faults.Tests;

/// <summary>Runs the tests, or is the payer that they kill.</summary>
internal static class Entry
{
    public static Task<int> Main(string[] arguments) =>
        Payer.IsAsked ? Payer.RunAsync()
        : arguments.Any(argument => argument is "--server" or "--internal-msbuild-node") ? TestPlatformTestFramework.RunAsync(arguments, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
        : ConsoleRunner.Run(arguments);
}
