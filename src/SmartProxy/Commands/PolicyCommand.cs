using System.CommandLine;
using SmartProxy.Installation;
using SmartProxy.Policies;

namespace SmartProxy.Commands;

/// <summary><c>policy check|diff|explain|simulate|shadow|schema</c>: what the file says, before it decides anything.</summary>
internal static class PolicyCommand
{
    private const string Default = "policies.json";

    public static Command Build(CommandSeams seams) => new("policy", "Check and explain policy files.")
    {
        Check(seams),
        Diff(seams),
        Explain(seams),
        PolicyHistoryCommand.Simulate(seams),
        PolicyHistoryCommand.Shadow(seams),
        Schema(seams),
    };

    private static Command Check(CommandSeams seams)
    {
        var path = new Argument<string>("PATH") { Description = "The policy file, or a folder of them.", DefaultValueFactory = _ => Default };
        var assertions = new Option<string[]>("--assert")
        {
            Description = "A sentence that has to hold, such as 'group:lab day <= 50' or 'every agent never pays category:gambling'; repeatable.",
            HelpName = "TEXT",
            DefaultValueFactory = _ => [],
        };
        var strict = new Option<bool>("--strict") { Description = "End with 2 when there are warnings." };
        var json = CommonOptions.Json();
        var command = new Command("check", "Report every problem and suspicion with its place, and say in words what agents can spend.") { path, assertions, strict, json };
        command.SetAction(result => seams.CheckPolicy(
            new PolicyChecking(result.GetRequiredValue(path), result.GetRequiredValue(assertions), result.GetValue(strict), result.GetValue(json)), result.InvocationConfiguration.Output));
        return command;
    }

    private static Command Diff(CommandSeams seams)
    {
        var old = new Argument<string>("OLD") { Description = "The policy file as it was, or a folder of them." };
        var now = new Argument<string>("NEW") { Description = "The policy file as it would be, or a folder of them." };
        var json = CommonOptions.Json();
        var command = new Command("diff", "Say who may newly pay whom, and the most that can be spent before and after. Ends with 0 when nothing can newly be spent or paid, else with 1.") { old, now, json };
        command.SetAction(result => seams.DiffPolicies(new PolicyDiffing(result.GetRequiredValue(old), result.GetRequiredValue(now), result.GetValue(json)), result.InvocationConfiguration.Output));
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
        var json = CommonOptions.Json();
        var command = new Command("explain", "Say whether an agent may pay at a URL, and which rule decides.") { agent, url, price, policy, method, data, json };
        command.SetAction((result, cancellationToken) =>
        {
            var question = new PolicyQuestion(
                result.GetRequiredValue(policy), result.GetRequiredValue(agent), result.GetRequiredValue(url), result.GetRequiredValue(method), result.GetValue(price), result.GetValue(json));
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
