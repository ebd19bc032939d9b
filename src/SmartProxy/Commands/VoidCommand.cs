using System.CommandLine;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>payments void ID --reason TEXT</c>: closes a doubt that no chain settles; the amount stays spent.</summary>
internal static class VoidCommand
{
    public static Command Build(CommandSeams seams)
    {
        var id = new Argument<string>("ID") { Description = "The payment." };
        var reason = new Option<string>("--reason") { Description = $"Why, for the journal; at most {Order.MaxReasonLength} characters.", HelpName = "TEXT", Required = true };
        var (data, json) = (CommonOptions.Data(), CommonOptions.Json());
        var command = new Command("void", "Close a payment in doubt that can't be charged any more: booked as spent, on your word.") { id, reason, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            if (!PaymentId.TryParse(result.GetRequiredValue(id), out var payment))
            {
                throw new OperatorException($"expected a payment's id, as `smartproxy payments` prints it, found `{Printable.Line(result.GetRequiredValue(id), 60)}`");
            }

            var why = People.ReasonOf(result.GetRequiredValue(reason), isRequired: true);
            await VoidAsync(seams, result.GetRequiredValue(data), payment, why, cancellationToken);
            Show(result.InvocationConfiguration.Output, payment, why, result.GetValue(json));
            return 0;
        });
        return command;
    }

    private static async Task VoidAsync(CommandSeams seams, DataFolder data, PaymentId payment, string reason, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is null)
        {
            _ = InstallationFile.Load(data);
            await seams.VoidOffline(data, payment, reason, cancellationToken);
            return;
        }

        using var answer = await client.PostAsync($"/v1/payments/{payment}/void", json => People.Write(json, reason), cancellationToken);
    }

    private static void Show(TextWriter output, PaymentId payment, string reason, bool asJson)
    {
        if (!asJson)
        {
            output.WriteLine($"payment {payment} is voided: it stays spent, and only the chain can still prove otherwise");
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartObject();
            json.WriteString("payment", payment.ToString());
            json.WriteString("outcome", "voided");
            json.WriteString("reason", reason);
            json.WriteEndObject();
        });
    }
}
