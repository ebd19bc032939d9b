using System.CommandLine;
using System.Text;
using SmartProxy.Accounting;
using SmartProxy.Accounting.Statements;
using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>statement --month 2026-11</c>: a month of every wallet and token, signed; <c>statement verify FILE</c> checks one offline.</summary>
internal static class StatementCommand
{
    public static Command Build(CommandSeams seams)
    {
        var (data, month, zone) = (CommonOptions.Data(), CommonOptions.Month(), CommonOptions.TimeZone());
        var (rpc, config) = (CommonOptions.Rpc("A node's URL, each for the chain that it serves; without it those of the settings."), CommonOptions.Config());
        var to = new Option<string?>("--to") { Description = "Write the signed statement (a compact JWS) here.", HelpName = "FILE" };
        var json = CommonOptions.Json();
        var command = new Command("statement", "Close a month: opening + in - settled - unexplained = closing, for every wallet and token.") { data, month, zone, rpc, config, to, json, Verify(seams) };
        command.SetAction(async (result, cancellationToken) =>
        {
            var asked = new BooksQuestion(
                result.GetRequiredValue(data),
                CommonOptions.ReadMonth(result.GetRequiredValue(month), result.GetRequiredValue(zone)),
                CommonOptions.ReadRpc(result.GetRequiredValue(rpc)),
                result.GetValue(config));
            var signed = await seams.MakeStatement(asked, cancellationToken);
            Show(result.InvocationConfiguration.Output, signed, result.GetValue(json));
            if (result.GetValue(to) is { } file)
            {
                await File.WriteAllTextAsync(file, signed.Jws + "\n", cancellationToken);
            }

            return signed.Statement.TiesOut ? 0 : OperatorException.Failed;
        });
        return command;
    }

    private static Command Verify(CommandSeams seams)
    {
        var file = new Argument<string>("FILE") { Description = "The signed statement; `-` reads standard input." };
        var (jwks, data, json) = (CommonOptions.Jwks(), CommonOptions.Data(), CommonOptions.Json());
        var command = new Command("verify", "Check a statement's signature and sums; exit code 1 when it is not good.") { file, jwks, data, json };
        command.SetAction(result =>
        {
            var statement = DocumentVerdict.Read(result.GetRequiredValue(file), StatementDocument.MaxLength).Trim();
            var keys = result.GetValue(jwks) is { } path ? DocumentVerdict.Read(path) : seams.ReadJwks(result.GetRequiredValue(data).ReceiptsKey);
            return DocumentVerdict.Show(result, "statement", seams.VerifyStatement(statement, keys), result.GetValue(json));
        });
        return command;
    }

    private static void Show(TextWriter output, SignedStatement signed, bool asJson)
    {
        if (!asJson)
        {
            StatementText.Write(output, signed.Statement);
            return;
        }

        Printer.Json(output, writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("statement");
            writer.WriteRawValue(Encoding.UTF8.GetString(signed.Payload));
            writer.WriteString("jws", signed.Jws);
            writer.WriteEndObject();
        });
    }
}
