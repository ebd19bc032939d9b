using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Commands;

/// <summary>How limits stand right now, by their ids: asked of the running process, or read from the stopped books.</summary>
internal static class LimitFigures
{
    public static async Task<IReadOnlyDictionary<string, LimitStand>> OfAsync(
        CommandSeams seams, DataFolder data, PolicyQuestion question, IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            using var answer = await client.PostAsync("/v1/explain", json => Write(json, question), cancellationToken);
            return ById(answer.RootElement.GetProperty("limits").EnumerateArray().Select(limit => (Text(limit, "id"), new LimitStand(Text(limit, "remaining"), Text(limit, "spent"), Text(limit, "held")))));
        }

        await using var stopped = seams.OpenStopped(data);
        var usages = await stopped.UsageAsync(lines, cancellationToken);
        return ById(usages.Select(usage => (usage.Line.Id, new LimitStand(usage.Remaining.ToString(), usage.Spent.ToString(), usage.Held.ToString()))));
    }

    private static Dictionary<string, LimitStand> ById(IEnumerable<(string Id, LimitStand Stand)> limits) =>
        limits.DistinctBy(limit => limit.Id, StringComparer.Ordinal).ToDictionary(limit => limit.Id, limit => limit.Stand, StringComparer.Ordinal);

    private static void Write(Utf8JsonWriter json, PolicyQuestion question)
    {
        json.WriteStartObject();
        json.WriteString("agent", question.Agent.Value);
        json.WriteString("url", question.Url);
        json.WriteString("method", question.Method);
        if (question.Price is { } price)
        {
            json.WriteString("price", price);
        }

        json.WriteEndObject();
    }

    private static string Text(JsonElement limit, string name) => limit.GetProperty(name).GetString()!;
}
