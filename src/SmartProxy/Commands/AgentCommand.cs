using System.CommandLine;
using SmartProxy.AdminApi;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>agent add|rotate|revoke|list</c>: who may use the proxy. A running process takes changes in within a second.</summary>
internal static class AgentCommand
{
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromHours(1);

    public static Command Build(CommandSeams seams) => new("agent", "Add agents, change and end their tokens.")
    {
        Add(seams),
        Rotate(seams),
        Revoke(seams),
        List(seams),
    };

    /// <summary>Says on standard error when the agent could not pay anyway.</summary>
    internal static void WarnWhenUnknown(CommandSeams seams, DataFolder data, string? policyPath, AgentId agent, TextWriter error)
    {
        var policy = policyPath ?? RunFile.TryLoad(data)?.Policy ?? InstallationFile.Load(data).Policy;
        if (seams.PolicyKnows(policy, agent) == false)
        {
            error.WriteLine($"smartproxy: note: the policy `{policy}` has no entry for agent `{agent}`; it can use the proxy but pay nothing until it has one");
        }
    }

    private static Command Add(CommandSeams seams)
    {
        var agent = CommonOptions.Agent();
        var data = CommonOptions.Data();
        var policy = CommonOptions.Policy("Where to look for the agent's entry.");
        var note = new Option<string?>("--note") { Description = "What the token is for, at most 64 characters.", HelpName = "TEXT" };
        var expires = CommonOptions.Duration("--expires", "When the token stops working, from now.");
        var json = CommonOptions.Json();
        var command = new Command("add", "Make a token for an agent; its other tokens stay.") { agent, data, policy, note, expires, json };
        command.SetAction(result =>
        {
            var name = result.GetRequiredValue(agent);
            var folder = result.GetRequiredValue(data);
            if (result.GetValue(note) is { Length: > 64 })
            {
                throw new OperatorException("expected a `--note` of at most 64 characters");
            }

            var token = Editor(seams, folder).Add(name, result.GetValue(note), result.GetValue(expires));
            Show(result, name, token, result.GetValue(json));
            WarnWhenUnknown(seams, folder, result.GetValue(policy), name, result.InvocationConfiguration.Error);
        });
        return command;
    }

    private static Command Rotate(CommandSeams seams)
    {
        var agent = CommonOptions.Agent();
        var data = CommonOptions.Data();
        var policy = CommonOptions.Policy("Where to look for the agent's entry.");
        var grace = CommonOptions.Duration("--grace", "How long the old tokens keep working (1h).");
        var json = CommonOptions.Json();
        var command = new Command("rotate", "Make a new token; the old ones end after a grace.") { agent, data, policy, grace, json };
        command.SetAction(result =>
        {
            var name = result.GetRequiredValue(agent);
            var folder = result.GetRequiredValue(data);
            var token = Editor(seams, folder).Rotate(name, result.GetValue(grace) ?? DefaultGrace);
            Show(result, name, token, result.GetValue(json));
            WarnWhenUnknown(seams, folder, result.GetValue(policy), name, result.InvocationConfiguration.Error);
        });
        return command;
    }

    private static Command Revoke(CommandSeams seams)
    {
        var agent = CommonOptions.Agent();
        var data = CommonOptions.Data();
        var token = new Option<string?>("--token-id") { Description = "Only this token; see `agent list`.", HelpName = "ID" };
        var json = CommonOptions.Json();
        var command = new Command("revoke", "End an agent's tokens; open tunnels end within a second.") { agent, data, token, json };
        command.SetAction(result =>
        {
            var name = result.GetRequiredValue(agent);
            var revoked = Editor(seams, result.GetRequiredValue(data)).Revoke(name, result.GetValue(token));
            var output = result.InvocationConfiguration.Output;
            if (!result.GetValue(json))
            {
                output.WriteLine($"ended {revoked} token{(revoked == 1 ? "" : "s")} of {name}");
                return;
            }

            Printer.Json(output, writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("agent", name.Value);
                writer.WriteNumber("revoked", revoked);
                writer.WriteEndObject();
            });
        });
        return command;
    }

    private static Command List(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("list", "Show agents and their tokens' ids.") { data, json };
        command.SetAction(result =>
        {
            var tokens = File(result.GetRequiredValue(data)).Read().OrderBy(token => token.Agent.Value, StringComparer.Ordinal).ThenBy(token => token.Created).ToArray();
            if (result.GetValue(json))
            {
                PrintJson(result.InvocationConfiguration.Output, tokens);
            }
            else
            {
                PrintTable(result.InvocationConfiguration.Output, tokens, seams.Time.GetUtcNow());
            }
        });
        return command;
    }

    private static void PrintTable(TextWriter output, IReadOnlyList<StoredToken> tokens, DateTimeOffset now) => Printer.Columns(
        output,
        ["AGENT", "TOKEN", "CREATED", "EXPIRES", "NOTE"],
        [.. tokens.Select(token => (IReadOnlyList<string>)[
            token.Agent.Value,
            token.Id,
            ApiAnswer.Time(token.Created),
            token.Expires is { } end ? ApiAnswer.Time(end) + (token.IsExpired(now) ? " (over)" : "") : "never",
            Printable.Line(token.Note, 64)])]);

    private static void PrintJson(TextWriter output, IReadOnlyList<StoredToken> tokens) => Printer.Json(output, json =>
    {
        json.WriteStartArray();
        foreach (var token in tokens)
        {
            json.WriteStartObject();
            json.WriteString("agent", token.Agent.Value);
            json.WriteString("tokenId", token.Id);
            json.WriteString("created", ApiAnswer.Time(token.Created));
            json.WriteString("expires", token.Expires is { } end ? ApiAnswer.Time(end) : null);
            json.WriteString("note", token.Note);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static void Show(ParseResult result, AgentId agent, AgentToken token, bool asJson)
    {
        var output = result.InvocationConfiguration.Output;
        if (!asJson)
        {
            output.WriteLine($"token of {agent}, shown this once: {token.Reveal()}");
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartObject();
            json.WriteString("agent", agent.Value);
            json.WriteString("token", token.Reveal());
            json.WriteEndObject();
        });
    }

    internal static CredentialEditor Editor(CommandSeams seams, DataFolder data) => new(File(data), seams.Time, seams.Random);

    private static CredentialFile File(DataFolder data) => new(data.Credentials);
}
