using System.CommandLine;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Storage;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>ledger accept-rollback --anchor FILE --reason TEXT</c>: the journal goes on from an older copy, and that is on record.</summary>
internal static class AcceptRollbackCommand
{
    public static Command Build(CommandSeams seams)
    {
        var anchor = new Option<string>("--anchor") { Description = "The anchor, as SmartProxy:Ledger:Anchor names it.", HelpName = "FILE", Required = true };
        var reason = new Option<string>("--reason") { Description = $"Why, for the journal; at most {Order.MaxReasonLength} characters.", HelpName = "TEXT", Required = true };
        var (data, json) = (CommonOptions.Data(), CommonOptions.Json());
        var command = new Command("accept-rollback", "Agree that a journal which is older than its anchor goes on. What was spent in between is not in any budget.") { anchor, reason, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var (path, why, folder) = (Path.GetFullPath(result.GetRequiredValue(anchor)), People.ReasonOf(result.GetRequiredValue(reason), isRequired: true), result.GetRequiredValue(data));
            _ = InstallationFile.Load(folder);
            var head = AnchorHead.Read(path) ?? throw new OperatorException($"there is no anchor at `{path}`");
            await seams.RecordOffline(folder, new LedgerEvent.RollbackAccepted(head.Sequence, head.Hash, People.Offline, why), cancellationToken);
            Show(result.InvocationConfiguration.Output, head, why, result.GetValue(json));
            return 0;
        });
        return command;
    }

    private static void Show(TextWriter output, AnchorHead head, string reason, bool asJson)
    {
        if (!asJson)
        {
            output.WriteLine($"accepted: the journal goes on although the anchor has seen line {head.Sequence}; the next start writes the anchor anew");
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("anchorLine", head.Sequence);
            json.WriteString("anchorHash", head.Hash.ToHex());
            json.WriteString("reason", reason);
            json.WriteEndObject();
        });
    }
}
