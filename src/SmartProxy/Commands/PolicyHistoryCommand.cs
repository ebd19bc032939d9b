using System.CommandLine;
using SmartProxy.Policies.Simulation;

namespace SmartProxy.Commands;

/// <summary><c>policy simulate|shadow</c>: what another policy would have made of the past, before it decides anything.</summary>
internal static class PolicyHistoryCommand
{
    public static Command Simulate(CommandSeams seams)
    {
        var path = new Argument<string>("NEW") { Description = "The policy to try: a file, or a folder of them." };
        var (data, since, json) = (CommonOptions.Data(), CommonOptions.Since(seams.Time), CommonOptions.Json());
        var command = new Command("simulate", "Say what would have been refused or newly allowed if this policy had decided, with sums.") { path, data, since, json };
        command.SetAction(result => seams.SimulatePolicy(
            new PolicyHistory(result.GetRequiredValue(path), result.GetRequiredValue(data), result.GetValue(since), result.GetValue(json)), result.InvocationConfiguration.Output));
        return command;
    }

    public static Command Shadow(CommandSeams seams)
    {
        var (data, since, json) = (CommonOptions.Data(), CommonOptions.Since(seams.Time), CommonOptions.Json());
        var command = new Command("shadow", "Say how often the policy's `shadow` would have decided differently, with sums.") { data, since, json };
        command.SetAction(result => seams.SummarizeShadow(
            new PolicyHistory("", result.GetRequiredValue(data), result.GetValue(since), result.GetValue(json)), result.InvocationConfiguration.Output));
        return command;
    }
}
