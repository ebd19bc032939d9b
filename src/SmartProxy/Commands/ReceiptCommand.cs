using System.CommandLine;

namespace SmartProxy.Commands;

/// <summary><c>receipt verify</c>: needs the receipt and public keys, and no running system.</summary>
internal static class ReceiptCommand
{
    public static Command Build(CommandSeams seams) => new("receipt", "Verify receipts.") { Verify(seams) };

    private static Command Verify(CommandSeams seams)
    {
        var file = new Argument<string>("FILE") { Description = "The receipt (a compact JWS); `-` reads standard input." };
        var (jwks, data, json) = (CommonOptions.Jwks(), CommonOptions.Data(), CommonOptions.Json());
        var command = new Command("verify", "Check a receipt's signature; exit code 1 when it is not good.") { file, jwks, data, json };
        command.SetAction(result =>
        {
            var receipt = DocumentVerdict.Read(result.GetRequiredValue(file)).Trim();
            var keys = result.GetValue(jwks) is { } path ? DocumentVerdict.Read(path) : seams.ReadJwks(result.GetRequiredValue(data).ReceiptsKey);
            return DocumentVerdict.Show(result, "receipt", seams.VerifyReceipt(receipt, keys), result.GetValue(json));
        });
        return command;
    }
}
