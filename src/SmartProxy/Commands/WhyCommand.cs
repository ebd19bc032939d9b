using System.CommandLine;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>why RECEIPT</c>: which rule decided and where it stands, and the smallest edit of the policy after which the same request passes.</summary>
internal static class WhyCommand
{
    private const int MaxLength = 256 * 1024;

    public static Command Build(CommandSeams seams)
    {
        var receipt = new Argument<string>("RECEIPT") { Description = "A receipt's id (rcpt_…), or a file that holds one; `-` reads standard input." };
        var policy = CommonOptions.Policy("The policy of now; without it, that of the running process, or policies.json.");
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("why", "Say why a receipt came out as it did, and what would have to change.") { receipt, policy, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var folder = result.GetRequiredValue(data);
            var question = await AskAsync(seams, folder, result.GetRequiredValue(receipt), cancellationToken);
            var answer = seams.ExplainReceipt(question with { PolicyPath = result.GetValue(policy) ?? PolicyOf(folder) });
            if (result.GetValue(json))
            {
                Printer.Json(result.InvocationConfiguration.Output, answer.WriteJson);
                return 0;
            }

            foreach (var line in answer.Lines)
            {
                result.InvocationConfiguration.Output.WriteLine(line);
            }

            return 0;
        });
        return command;
    }

    private static async Task<WhyQuestion> AskAsync(CommandSeams seams, DataFolder data, string argument, CancellationToken cancellationToken)
    {
        var isId = ReceiptId.TryParse(argument, out _);
        var text = isId ? null : ReadFile(argument);
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            using var document = isId ? await client.GetAsync("/v1/receipts/" + argument, cancellationToken) : null;
            text ??= document!.RootElement.GetRawText();
            return new WhyQuestion(text, await FindPolicyAsync(client, ReceiptText.PolicyHashOf(text), cancellationToken), null);
        }

        if (!isId && !Directory.Exists(data.Path))
        {
            return new WhyQuestion(text!, null, null); // only a file: what it says itself can be told
        }

        await using var stopped = seams.OpenStopped(data);
        text ??= await stopped.FindReceiptAsync(argument, cancellationToken)
            ?? throw new OperatorException($"there is no receipt `{argument}`; ids are in the header Smart-Proxy-Receipt and in `smartproxy payments`", OperatorException.Failed);
        var hash = ReceiptText.PolicyHashOf(text);
        return new WhyQuestion(text, hash is null ? null : await stopped.Books.FindPolicyAsync(hash.Value, cancellationToken), null);
    }

    private static async Task<LedgerEvent.PolicyActivated?> FindPolicyAsync(AdminClient client, Bytes32? hash, CancellationToken cancellationToken)
    {
        if (hash is not { } wanted)
        {
            return null;
        }

        try
        {
            using var policy = await client.GetAsync($"/v1/policies/{wanted}", cancellationToken);
            string Text(string name) => policy.RootElement.GetProperty(name).GetString()!;
            return new LedgerEvent.PolicyActivated(wanted, Text("text"), Text("registry"), Text("change"));
        }
        catch (OperatorException)
        {
            return null; // a receipt of another installation
        }
    }

    private static string? PolicyOf(DataFolder data) =>
        RunFile.TryLoad(data)?.Policy ?? (File.Exists("policies.json") ? Path.GetFullPath("policies.json") : null);

    private static string ReadFile(string path)
    {
        if (path == "-")
        {
            return Console.In.ReadToEnd();
        }

        return File.Exists(path) && new FileInfo(path).Length <= MaxLength
            ? File.ReadAllText(path)
            : throw new OperatorException($"expected a receipt's id (`rcpt_…`) or a file of at most {MaxLength} bytes, found `{Printable.Line(path, 80)}`");
    }
}
