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
        var (data, to) = (CommonOptions.Data(), CommonOptions.NewFile());
        var command = new Command("dispute", "Write everything about one payment into one signed zip file.") { receipt, data, to };
        command.SetAction(result =>
        {
            var file = result.GetRequiredValue(to);
            var scope = new EvidenceScope.OfPayment(PaymentOf(result.GetRequiredValue(receipt)));
            var receipts = seams.WriteEvidence(new EvidenceOrder(result.GetRequiredValue(data), scope, Statement: null, file));
            result.InvocationConfiguration.Output.WriteLine($"{file}: {receipts} receipt{(receipts == 1 ? "" : "s")} of one payment; HOW-TO.txt in it says how to check it");
            return 0;
        });
        return command;
    }

    private static PaymentId PaymentOf(string text)
    {
        var id = File.Exists(text) ? ReceiptText.Read(DocumentVerdict.Read(text)).Id : text;
        return ReceiptId.TryParse(id, out var payment) ? payment : throw new OperatorException($"expected a receipt's id such as `rcpt_…`, or a file that holds a receipt, found `{Printable.Line(text, 60)}`");
    }
}
