using System.CommandLine;
using SmartProxy.AdminApi;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>freeze|unfreeze [--agent NAME]</c>: the kill switch. Free traffic passes; nothing is paid while it is on.</summary>
internal static class FreezeCommand
{
    public static Command Build(CommandSeams seams, bool freeze)
    {
        var agent = CommonOptions.AgentOption("Only this agent.");
        var reason = new Option<string?>("--reason") { Description = "Why, for the journal; at most 200 characters.", HelpName = "TEXT" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command(freeze ? "freeze" : "unfreeze", freeze ? "Stop payments: all, or one agent's." : "Let payments go on: all, or one agent's.") { agent, reason, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var order = new Switch(freeze, result.GetValue(agent), People.ReasonOf(result.GetValue(reason)));
            var folder = result.GetRequiredValue(data);
            WarnWhenUnknown(folder, order, result.InvocationConfiguration.Error);
            await SwitchAsync(seams, folder, order, cancellationToken);
            Show(result.InvocationConfiguration.Output, order, result.GetValue(json));
            return 0;
        });
        return command;
    }

    private static async Task SwitchAsync(CommandSeams seams, DataFolder data, Switch order, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is null)
        {
            _ = InstallationFile.Load(data);
            await seams.RecordOffline(
                data,
                order.Freeze ? new LedgerEvent.Frozen(order.Agent, People.Offline, order.Reason) : new LedgerEvent.Unfrozen(order.Agent, People.Offline, order.Reason),
                cancellationToken);
            return;
        }

        using var answer = await client.PostAsync(order.Freeze ? "/v1/freeze" : "/v1/unfreeze", json =>
        {
            json.WriteStartObject();
            if (order.Agent is { } agent)
            {
                json.WriteString("agent", agent.Value);
            }

            json.WriteString("reason", order.Reason);
            json.WriteString("by", People.Name);
            json.WriteEndObject();
        }, cancellationToken);
    }

    // A freeze of a misspelt agent stops nobody.
    private static void WarnWhenUnknown(DataFolder data, Switch order, TextWriter error)
    {
        if (order.Agent is { } agent && File.Exists(data.Credentials) && !new CredentialFile(data.Credentials).Read().Any(token => token.Agent == agent))
        {
            error.WriteLine($"smartproxy: note: no token belongs to agent `{agent}`; see `smartproxy agent list`");
        }
    }

    private static void Show(TextWriter output, Switch order, bool asJson)
    {
        if (!asJson)
        {
            var whose = order.Agent is { } agent ? $"payments of {agent}" : "all payments";
            output.WriteLine(order.Freeze ? $"{whose} are stopped; `smartproxy unfreeze` lets them go on" : $"{whose} go on");
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("frozen", order.Freeze);
            json.WriteString("agent", order.Agent?.Value);
            json.WriteEndObject();
        });
    }

    private sealed record Switch(bool Freeze, AgentId? Agent, string Reason);
}
