using System.CommandLine;
using SmartProxy.Operator;

namespace SmartProxy.Commands;

/// <summary><c>receipt verify</c>: needs the receipt and public keys, and no running system.</summary>
internal static class ReceiptCommand
{
    private const int MaxLength = 256 * 1024;

    public static Command Build(CommandSeams seams) => new("receipt", "Verify receipts.") { Verify(seams) };

    private static Command Verify(CommandSeams seams)
    {
        var file = new Argument<string>("FILE") { Description = "The receipt (a compact JWS); `-` reads standard input." };
        var jwks = new Option<string?>("--jwks") { Description = "The public keys; without it, those of the data folder.", HelpName = "FILE" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("verify", "Check a receipt's signature; exit code 1 when it is not good.") { file, jwks, data, json };
        command.SetAction(result =>
        {
            var receipt = (result.GetRequiredValue(file) == "-" ? Console.In.ReadToEnd() : Read(result.GetRequiredValue(file))).Trim();
            var keys = result.GetValue(jwks) is { } path ? Read(path) : seams.ReadJwks(result.GetRequiredValue(data).ReceiptsKey);
            var objection = seams.VerifyReceipt(receipt, keys);
            Show(result, objection, result.GetValue(json));
            return objection is null ? 0 : OperatorException.Failed;
        });
        return command;
    }

    private static void Show(ParseResult result, string? objection, bool asJson)
    {
        if (asJson)
        {
            Printer.Json(result.InvocationConfiguration.Output, writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("good", objection is null);
                writer.WriteString("objection", objection);
                writer.WriteEndObject();
            });
        }
        else if (objection is null)
        {
            result.InvocationConfiguration.Output.WriteLine("good: signed by one of the given keys, and unchanged since");
        }
        else
        {
            result.InvocationConfiguration.Error.WriteLine($"smartproxy: the receipt is not good: {Printable.Line(objection)}; don't rely on it");
        }
    }

    private static string Read(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > MaxLength)
        {
            throw new OperatorException($"expected a file of at most {MaxLength} bytes at `{path}`");
        }

        return File.ReadAllText(path);
    }
}
