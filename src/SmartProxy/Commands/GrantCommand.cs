using System.CommandLine;
using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>grant add|list|revoke</c>: room beyond limits for a while, with a reason, on the record. The policy file stays as it is.</summary>
internal static class GrantCommand
{
    private static readonly string[] Heads = ["STATE", "OWNER", "MERCHANT", "USD", "LEFT", "EXPIRES", "BY", "REASON", "ID"];
    private static readonly string[] Members = ["state", "owner", "merchant", "amount", "left", "expiresAt", "by", "reason", "id"];

    public static Command Build(CommandSeams seams) => new("grant", "Give room beyond limits for a while.") { Add(seams), List(seams), Revoke(seams) };

    private static Command Add(CommandSeams seams)
    {
        var owner = new Argument<string>("OWNER") { Description = $"Whose dollar limits: {BudgetOwner.Expected.Replace("`", "", StringComparison.Ordinal)}." };
        var amount = new Argument<string>("AMOUNT") { Description = "Dollars, such as 5.00; over all payments together." };
        var time = CommonOptions.Duration("--for", "When it ends by itself, 1m to 7d.");
        time.Required = true;
        var reason = new Option<string>("--reason") { Description = "Why, for the journal; at most 200 characters.", HelpName = "TEXT", Required = true };
        var merchant = new Option<string?>("--merchant") { Description = "Only for payments to this merchant of the policy.", HelpName = "NAME" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("add", "Give room beyond the dollar limits of one owner. Limits on a single payment, counts and lists stay.") { owner, amount, time, reason, merchant, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var order = new GrantOrder(result.GetRequiredValue(owner), result.GetRequiredValue(amount), result.GetValue(time), result.GetRequiredValue(reason), result.GetValue(merchant));
            using var grant = await AddAsync(seams, result.GetRequiredValue(data), order, cancellationToken);
            var root = grant.RootElement;
            result.InvocationConfiguration.Output.WriteLine(result.GetValue(json)
                ? root.GetRawText()
                : $"granted {Text(root, "amount")} USD beyond the limits of {Text(root, "owner")} until {Text(root, "expiresAt")}; `smartproxy grant revoke {Text(root, "id")} --reason TEXT` takes back what is left");
            return 0;
        });
        return command;
    }

    private static Command List(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("list", "Show grants, newest first.") { data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            using var grants = await ListAsync(seams, result.GetRequiredValue(data), cancellationToken);
            if (result.GetValue(json))
            {
                result.InvocationConfiguration.Output.WriteLine(grants.RootElement.GetRawText());
                return 0;
            }

            Printer.Columns(result.InvocationConfiguration.Output, Heads, [.. grants.RootElement.GetProperty("grants").EnumerateArray().Select(Row)]);
            return 0;
        });
        return command;
    }

    private static Command Revoke(CommandSeams seams)
    {
        var id = new Argument<string>("ID") { Description = "The grant, as `smartproxy grant list` names it." };
        var reason = new Option<string>("--reason") { Description = "Why, for the journal; at most 200 characters.", HelpName = "TEXT", Required = true };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("revoke", "Take back what is left of a grant.") { id, reason, data, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            if (!PaymentId.TryParse(result.GetRequiredValue(id), out var grant))
            {
                throw new OperatorException($"expected the id of a grant (26 letters and digits), found `{Printable.Line(result.GetRequiredValue(id), 40)}`; see `smartproxy grant list`");
            }

            using var after = await RevokeAsync(seams, result.GetRequiredValue(data), grant, People.ReasonOf(result.GetRequiredValue(reason)), cancellationToken);
            result.InvocationConfiguration.Output.WriteLine(result.GetValue(json) ? after.RootElement.GetRawText() : $"revoked; {Text(after.RootElement, "used")} USD of it were used");
            return 0;
        });
        return command;
    }

    private static async Task<JsonDocument> AddAsync(CommandSeams seams, DataFolder data, GrantOrder order, CancellationToken cancellationToken)
    {
        // Judged here too, so that what is wrong is said before anything is opened.
        var now = seams.Time.GetUtcNow();
        var grant = GrantWords.TryMake(order, Ids.New(now, seams.Random), now, People.Offline, out var objection) ?? throw new OperatorException(objection);
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            return await client.PostAsync("/v1/grants", json => Write(json, order), cancellationToken);
        }

        await using var stopped = seams.OpenStopped(data);
        await stopped.RecordAsync(grant);
        return Printer.Document(json => GrantWords.Write(json, new GrantView(grant, Usd.Zero, IsRevoked: false, IsExpired: false), isForOperator: true));
    }

    private static void Write(Utf8JsonWriter json, GrantOrder order)
    {
        json.WriteStartObject();
        json.WriteString("owner", order.Owner);
        json.WriteString("amount", order.Amount);
        json.WriteString("for", $"{(long)order.Time!.Value.TotalSeconds}s");
        json.WriteString("reason", order.Reason);
        if (order.Merchant is { } merchant)
        {
            json.WriteString("merchant", merchant);
        }

        json.WriteString("by", People.Name);
        json.WriteEndObject();
    }

    private static async Task<JsonDocument> ListAsync(CommandSeams seams, DataFolder data, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            return await client.GetAsync("/v1/grants", cancellationToken);
        }

        await using var stopped = seams.OpenStopped(data);
        var grants = await stopped.Books.GrantsAsync(cancellationToken);
        return Printer.Document(json => GrantWords.Write(json, grants));
    }

    private static async Task<JsonDocument> RevokeAsync(CommandSeams seams, DataFolder data, PaymentId id, string reason, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            return await client.PostAsync($"/v1/grants/{id}/revoke", json => People.Write(json, reason), cancellationToken);
        }

        await using var stopped = seams.OpenStopped(data);
        var grants = await stopped.Books.GrantsAsync(cancellationToken);
        var view = grants.FirstOrDefault(grant => grant.Grant.Grant == id) ?? throw new OperatorException($"there is no grant `{id}`; see `smartproxy grant list`", OperatorException.Failed);
        if (!view.IsRevoked)
        {
            await stopped.RecordAsync(new LedgerEvent.GrantRevoked(id, People.Offline, reason));
        }

        return Printer.Document(json => GrantWords.Write(json, view with { IsRevoked = true }, isForOperator: true));
    }

    private static IReadOnlyList<string> Row(JsonElement grant) => [.. Members.Select(name => Text(grant, name))];

    private static string Text(JsonElement grant, string name) =>
        grant.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? Printable.Line(value.GetString(), 60) : "-";
}
