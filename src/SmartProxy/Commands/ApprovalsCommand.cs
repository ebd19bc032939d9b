using System.CommandLine;
using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>approvals</c>, <c>approve ID</c>, <c>deny ID</c>: what people are asked, and their answers. An agreement is good for one exact payment.</summary>
internal static class ApprovalsCommand
{
    private static readonly string[] Heads = ["STATE", "AGENT", "USD", "PAYTO", "ORIGIN", "PATH", "WHY", "EXPIRES", "ID"];

    public static Command List(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var all = new Option<bool>("--all") { Description = "Also those that are answered, used or expired." };
        var json = CommonOptions.Json();
        var command = new Command("approvals", "Show payments that wait for a person, newest first.") { all, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            using var list = await ListAsync(seams, result.GetRequiredValue(data), cancellationToken);
            Show(result.InvocationConfiguration.Output, list.RootElement, result.GetValue(all), result.GetValue(json));
            return 0;
        });
        return command;
    }

    public static Command Answer(CommandSeams seams, bool isApproved)
    {
        var id = new Argument<string>("ID") { Description = "The question, as `smartproxy approvals` and the refusal name it." };
        var reason = new Option<string?>("--reason") { Description = "Why, for the journal; at most 200 characters.", HelpName = "TEXT", Required = !isApproved };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command(isApproved ? "approve" : "deny", isApproved ? "Agree to one exact payment." : "Say no to one exact payment.") { id, reason, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var order = new AnswerOrder(Parse(result.GetRequiredValue(id)), isApproved, People.ReasonOf(result.GetValue(reason)));
            using var answer = await AnswerAsync(seams, result.GetRequiredValue(data), order, cancellationToken);
            ShowAnswer(result.InvocationConfiguration.Output, answer.RootElement, order, result.GetValue(json));
            return 0;
        });
        return command;
    }

    private static async Task<JsonDocument> ListAsync(CommandSeams seams, DataFolder data, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            return await client.GetAsync("/v1/approvals", cancellationToken);
        }

        await using var stopped = seams.OpenStopped(data);
        var approvals = await stopped.Books.ApprovalsAsync(cancellationToken);
        return Printer.Document(json => ApprovalAnswer.Write(json, approvals, isForOperator: true));
    }

    private static async Task<JsonDocument> AnswerAsync(CommandSeams seams, DataFolder data, AnswerOrder order, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            return await client.PostAsync($"/v1/approvals/{order.Id}/{(order.IsApproved ? "approve" : "deny")}", json => People.Write(json, order.Reason), cancellationToken);
        }

        await using var stopped = seams.OpenStopped(data);
        if (await stopped.Books.FindApprovalAsync(order.Id, cancellationToken) is not { } view)
        {
            throw new OperatorException($"there is no question `{order.Id}`; see `smartproxy approvals`", OperatorException.Failed);
        }

        if (view.State is not ApprovalState.Open)
        {
            throw new OperatorException($"the question `{order.Id}` was answered, used or has expired; see `smartproxy approvals --all`", OperatorException.Failed);
        }

        await stopped.RecordAsync(Answers.To(view, order.IsApproved, People.Offline, order.Reason, seams.Time.GetUtcNow()));
        var after = await stopped.Books.FindApprovalAsync(order.Id, cancellationToken) ?? view;
        return Printer.Document(json => ApprovalAnswer.Write(json, after, isForOperator: true));
    }

    private static void Show(TextWriter output, JsonElement list, bool all, bool asJson)
    {
        var approvals = list.GetProperty("approvals").EnumerateArray().Where(approval => all || Text(approval, "state") == "open").ToList();
        if (!asJson)
        {
            Printer.Columns(output, Heads, [.. approvals.Select(Row)]);
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("approvals");
            approvals.ForEach(approval => approval.WriteTo(json));
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void ShowAnswer(TextWriter output, JsonElement approval, AnswerOrder order, bool asJson)
    {
        var what = $"{Text(approval, "price")} USD of {Text(approval, "agent")} to {Text(approval, "payTo")} at {Text(approval, "origin")}";
        output.WriteLine(
            asJson ? approval.GetRawText()
            : order.IsApproved ? $"approved, once: {what}; a request that waits goes on, another one may be asked again until {Text(approval, "expiresAt")}"
            : $"denied: {what}");
    }

    private static IReadOnlyList<string> Row(JsonElement approval) =>
        [.. ((string[])["state", "agent", "price", "payTo", "origin", "path", "why", "expiresAt", "id"]).Select(name => Text(approval, name))];

    private static string Text(JsonElement approval, string name) =>
        approval.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? Printable.Line(value.GetString(), 60) : "-";

    private static PaymentId Parse(string text) =>
        PaymentId.TryParse(text, out var id) ? id : throw new OperatorException($"expected the id of a question (26 letters and digits), found `{Printable.Line(text, 40)}`; see `smartproxy approvals`");

    private sealed record AnswerOrder(PaymentId Id, bool IsApproved, string Reason);
}
