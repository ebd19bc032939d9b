using System.CommandLine;
using SmartProxy.Accounting;
using SmartProxy.Accounting.Evidence;
using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>evidence --month 2026-11 --to FILE.zip</c>: a month for an auditor who trusts nothing of ours.</summary>
internal static class EvidenceCommand
{
    public static Command Build(CommandSeams seams)
    {
        var (data, month, zone) = (CommonOptions.Data(), CommonOptions.Month(), CommonOptions.TimeZone());
        var (rpc, config) = (CommonOptions.Rpc("A node's URL for the statement, each for the chain that it serves; without it those of the settings."), CommonOptions.Config());
        var (to, json) = (CommonOptions.NewFile(), CommonOptions.Json());
        var command = new Command("evidence", "Write a month's journal, receipts, policies, keys, proofs, statement and a verifier into one signed zip file.") { data, month, zone, rpc, config, to, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var asked = new BooksQuestion(
                result.GetRequiredValue(data),
                CommonOptions.ReadMonth(result.GetRequiredValue(month), result.GetRequiredValue(zone)),
                CommonOptions.ReadRpc(result.GetRequiredValue(rpc)),
                result.GetValue(config));
            var statement = await seams.MakeStatement(asked, cancellationToken);
            var file = result.GetRequiredValue(to);
            var receipts = seams.WriteEvidence(new EvidenceOrder(asked.Data, new EvidenceScope.OfMonth(asked.Month), statement, file));
            Show(result, file, receipts, statement.Statement.TiesOut, result.GetValue(json));
            return statement.Statement.TiesOut ? 0 : OperatorException.Failed;
        });
        return command;
    }

    private static void Show(ParseResult result, string file, int receipts, bool tiesOut, bool asJson)
    {
        var output = result.InvocationConfiguration.Output;
        if (asJson)
        {
            Printer.Json(output, writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("file", file);
                writer.WriteNumber("receipts", receipts);
                writer.WriteBoolean("tiesOut", tiesOut);
                writer.WriteEndObject();
            });
            return;
        }

        output.WriteLine($"{file}: {receipts} receipt{(receipts == 1 ? "" : "s")}, and a statement that {(tiesOut ? "ties out" : "does NOT tie out, or is not known to")}; HOW-TO.txt in it says how to check it");
    }
}
