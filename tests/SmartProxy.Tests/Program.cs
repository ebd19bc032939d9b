using SmartProxy.Tests.Limits;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace SmartProxy.Tests;

/// <summary>Runs the tests, or is the enemy that they send.</summary>
internal static class Program
{
    public static Task<int> Main(string[] arguments) =>
        arguments is [Enemy.Argument] ? Enemy.RunAsync()
        : arguments.Any(argument => argument is "--server" or "--internal-msbuild-node") ? TestPlatformTestFramework.RunAsync(arguments, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
        : ConsoleRunner.Run(arguments);
}
