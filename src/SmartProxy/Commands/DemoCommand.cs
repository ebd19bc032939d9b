using System.CommandLine;
using SmartProxy.Demo;

namespace SmartProxy.Commands;

/// <summary><c>demo</c>: a proxy, a seller and a chain on this machine, and the story of a few payments.</summary>
internal static class DemoCommand
{
    public static Command Build(CommandSeams seams)
    {
        var once = new Option<bool>("--once") { Description = "End after the story: exit code 0 when every step came out right." };
        var command = new Command("demo", "See it work, with nothing but this program: no account, no network, no money.") { once };
        command.SetAction((result, cancellationToken) =>
        {
            var output = result.InvocationConfiguration.Output;
            var useColours = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
            var parts = new DemoParts(seams.Installer, seams.StartProxy, seams.VerifyReceipt, seams.Recover, seams.Time, seams.Random);
            return new DemoStory(parts, new DemoTeller(output, useColours)).TellAsync(result.GetValue(once), cancellationToken);
        });
        return command;
    }
}
