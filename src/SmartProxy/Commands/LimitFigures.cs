using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Commands;

/// <summary>How limits stand right now, in words, by their ids: asked of the running process, or read from the stopped books.</summary>
internal static class LimitFigures
{
    public static async Task<IReadOnlyDictionary<string, string>> OfAsync(
        CommandSeams seams, DataFolder data, PolicyQuestion question, IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken)
    {
        using var client = await AdminClient.TryConnectAsync(data, cancellationToken);
        if (client is not null)
        {
            using var answer = await client.PostAsync("/v1/explain", json => Write(json, question), cancellationToken);
            return ToWords(answer.RootElement.GetProperty("limits").EnumerateArray().Select(limit => (Text(limit, "id"), Text(limit, "remaining"), Text(limit, "spent"), Text(limit, "held"))));
        }

        await using var stopped = seams.OpenStopped(data);
        var usages = await stopped.UsageAsync(lines, cancellationToken);
        return ToWords(usages.Select(usage => (usage.Line.Id, usage.Remaining.ToString(), usage.Spent.ToString(), usage.Held.ToString())));
    }

    private static Dictionary<string, string> ToWords(IEnumerable<(string Id, string Remaining, string Spent, string Held)> limits)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (id, remaining, spent, held) in limits)
        {
            words.TryAdd(id, $"{remaining} left ({spent} spent, {held} held)");
        }

        return words;
    }

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
