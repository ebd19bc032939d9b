using System.CommandLine;
using System.Text;
using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>payments</c>: what was paid, refused, and is in doubt; newest first.</summary>
internal static class PaymentsCommand
{
    private static readonly string[] Heads = ["AT", "AGENT", "OUTCOME", "USD", "ORIGIN", "PATH", "REASON", "REFUNDED", "ID"];

    public static Command Build(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var agent = CommonOptions.AgentOption("Only this agent's.");
        var outcome = new Option<string?>("--outcome") { Description = "Only these: " + string.Join(", ", PaymentQuery.Outcomes) + "." };
        outcome.AcceptOnlyFromAmong([.. PaymentQuery.Outcomes]);
        var count = new Option<int>("--count") { Description = $"At most so many, 1 to {PaymentQuery.MaxCount}.", DefaultValueFactory = _ => PaymentQuery.DefaultCount };
        var json = CommonOptions.Json();
        var command = new Command("payments", "Show payments and refusals, newest first.") { data, agent, outcome, count, json, VoidCommand.Build(seams) };
        command.SetAction(async (result, cancellationToken) =>
        {
            if (result.GetValue(count) is < 1 or > PaymentQuery.MaxCount)
            {
                throw new OperatorException($"expected a `--count` from 1 to {PaymentQuery.MaxCount}");
            }

            var query = new PaymentQuery(result.GetValue(agent), result.GetValue(outcome), Count: result.GetValue(count));
            using var page = await SearchAsync(seams, result.GetRequiredValue(data), query, cancellationToken);
            Show(result.InvocationConfiguration.Output, page.RootElement, result.GetValue(json));
            return 0;
        });
        return command;
    }

    private static async Task<JsonDocument> SearchAsync(CommandSeams seams, DataFolder data, PaymentQuery query, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            return await client.GetAsync("/v1/payments" + Parameters(query), cancellationToken);
        }

        _ = InstallationFile.Load(data);
        var page = await seams.SearchOffline(data, query, cancellationToken);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            ApiAnswer.WritePage(json, page);
        }

        return JsonDocument.Parse(buffer.ToArray());
    }

    private static string Parameters(PaymentQuery query)
    {
        var text = new StringBuilder($"?count={query.Count}");
        if (query.Agent is { } agent)
        {
            text.Append("&agent=").Append(agent.Value);
        }

        if (query.Outcome is { } outcome)
        {
            text.Append("&outcome=").Append(outcome);
        }

        return text.ToString();
    }

    private static void Show(TextWriter output, JsonElement page, bool asJson)
    {
        if (asJson)
        {
            output.WriteLine(page.GetRawText());
            return;
        }

        Printer.Columns(output, Heads, [.. page.GetProperty("payments").EnumerateArray().Select(Row)]);
    }

    private static IReadOnlyList<string> Row(JsonElement payment) =>
    [
        Text(payment, "at"), Text(payment, "agent"), Text(payment, "outcome"), Text(payment, "value"),
        Text(payment, "origin"), Text(payment, "path"), payment.TryGetProperty("reason", out _) ? Text(payment, "reason") : Text(payment, "undelivered"), Text(payment, "refunded"), Text(payment, "id"),
    ];

    private static string Text(JsonElement payment, string name) =>
        payment.TryGetProperty(name, out var value) ? Printable.Line(value.GetString(), 60) : "-";
}
