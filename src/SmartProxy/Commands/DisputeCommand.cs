using System.CommandLine;
using SmartProxy.Accounting.Evidence;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>dispute RECEIPT --to FILE.zip</c>: everything about one payment, for its seller or a judge.</summary>
internal static class DisputeCommand
{
    public static Command Build(CommandSeams seams)
    {
        var receipt = new Argument<string>("RECEIPT") { Description = "A receipt's id (rcpt_…), or a file that holds one." };
        var (data, to, json) = (CommonOptions.Data(), CommonOptions.NewFile(), CommonOptions.Json());
        var command = new Command("dispute", "Write everything about one payment into one signed zip file.") { receipt, data, to, json };
        command.SetAction(result =>
        {
            var file = result.GetRequiredValue(to);
            var scope = new EvidenceScope.OfPayment(PaymentOf(result.GetRequiredValue(receipt)));
            var receipts = seams.WriteEvidence(new EvidenceOrder(result.GetRequiredValue(data), scope, Statement: null, file));
            Show(result.InvocationConfiguration.Output, file, receipts, result.GetValue(json));
            return 0;
        });
        return command;
    }

    private static void Show(TextWriter output, string file, int receipts, bool asJson)
    {
        if (!asJson)
        {
            output.WriteLine($"{file}: {receipts} receipt{(receipts == 1 ? "" : "s")} of one payment; HOW-TO.txt in it says how to check it");
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartObject();
            json.WriteString("file", file);
            json.WriteNumber("receipts", receipts);
            json.WriteEndObject();
        });
    }

    private static PaymentId PaymentOf(string text)
    {
        var id = File.Exists(text) ? ReceiptText.Read(DocumentVerdict.Read(text)).Id : text;
        return ReceiptId.TryParse(id, out var payment) ? payment : throw new OperatorException($"expected a receipt's id such as `rcpt_…`, or a file that holds a receipt, found `{Printable.Line(text, 60)}`");
    }
}
