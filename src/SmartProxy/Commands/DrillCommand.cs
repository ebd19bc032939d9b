using System.CommandLine;
using SmartProxy.Drill;
using SmartProxy.Installation;

namespace SmartProxy.Commands;

/// <summary><c>drill</c>: the worst that sellers could do to the operator's own policy.</summary>
internal static class DrillCommand
{
    public static Command Build(CommandSeams seams)
    {
        var policy = new Option<string>("--policy") { Description = "The policy file, or a folder of them.", HelpName = "PATH", DefaultValueFactory = _ => "policies.json" };
        var data = new Option<DataFolder?>("--data")
        {
            Description = "A data folder, for nothing but its receipt key: the JSON is then signed.",
            HelpName = "DIR",
            CustomParser = static result => new DataFolder(result.Tokens[0].Value),
        };
        var agent = CommonOptions.AgentOption("Only this agent.");
        var json = CommonOptions.Json();
        var command = new Command("drill", "Let hostile sellers attack every agent of a policy, in a sandbox, and say what they got in a day. Ends with 1 when an attack passed a limit.") { policy, data, agent, json };
        command.SetAction((result, _) => seams.Drill(
            new Drilling(result.GetRequiredValue(policy), result.GetValue(agent), result.GetValue(data), result.GetValue(json)), result.InvocationConfiguration.Output));
        return command;
    }
}
