using System.CommandLine;
using SmartProxy.Operator;

namespace SmartProxy.Commands;

/// <summary><c>policy check|explain|simulate|shadow|schema</c>: what the file says, before it decides anything.</summary>
internal static class PolicyCommand
{
    private const string Default = "policies.json";

    public static Command Build(CommandSeams seams) => new("policy", "Check and explain policy files.")
    {
        Check(seams),
        Explain(seams),
        PolicyHistoryCommand.Simulate(seams),
        PolicyHistoryCommand.Shadow(seams),
        Schema(seams),
    };

    private static Command Check(CommandSeams seams)
    {
        var path = new Argument<string>("PATH") { Description = "The policy file, or a folder of them.", DefaultValueFactory = _ => Default };
        var command = new Command("check", "Report every problem with its place, and say in words what agents can spend.") { path };
        command.SetAction(result => seams.CheckPolicy(result.GetRequiredValue(path), result.InvocationConfiguration.Output));
        return command;
    }

    private static Command Explain(CommandSeams seams)
    {
        var agent = CommonOptions.Agent();
        var url = new Argument<string>("URL") { Description = "Where the agent would pay." };
        var policy = new Option<string>("--policy") { Description = "The policy file, or a folder of them.", HelpName = "PATH", DefaultValueFactory = _ => Default };
        var method = new Option<string>("--method") { Description = "The request's method.", DefaultValueFactory = _ => "GET" };
        var price = new Argument<string?>("PRICE") { Description = "The price in dollars, such as 0.01.", Arity = ArgumentArity.ZeroOrOne };
        var data = new Option<string?>("--data") { Description = "A data folder: then also how the limits stand, from the running process or the stopped books.", HelpName = "DIR" };
        var command = new Command("explain", "Say whether an agent may pay at a URL, and which rule decides.") { agent, url, price, policy, method, data };
        command.SetAction((result, cancellationToken) =>
        {
            var question = new PolicyQuestion(
                result.GetRequiredValue(policy), result.GetRequiredValue(agent), result.GetRequiredValue(url), result.GetRequiredValue(method), result.GetValue(price));
            return seams.ExplainPolicy(
                result.GetValue(data) is { } folder ? question with { Figures = lines => LimitFigures.OfAsync(seams, new DataFolder(folder), question, lines, cancellationToken) } : question,
                result.InvocationConfiguration.Output);
        });
        return command;
    }

    private static Command Schema(CommandSeams seams)
    {
        var command = new Command("schema", "Print the JSON Schema of policy files, for editors.");
        command.SetAction(result => seams.WritePolicySchema(result.InvocationConfiguration.Output));
        return command;
    }
}
