using System.Diagnostics;
using System.Text.Json;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>The answer of <c>policy explain --json</c>.</summary>
internal static class PolicyExplainJson
{
    /// <summary>The verdict; null where no token of the asset registry is open to the agent.</summary>
    public static void Write(Utf8JsonWriter json, Verdict? verdict, IReadOnlyDictionary<string, LimitStand> figures)
    {
        json.WriteStartObject();
        json.WriteBoolean("allowed", verdict is Verdict.Allowed);
        switch (verdict)
        {
            case null:
                json.WriteString("wouldPass", "a token of the asset registry that the agent's `networks` and `assets` have");
                break;
            case Verdict.Allowed allowed:
                Write(json, allowed, figures);
                break;
            case Verdict.Denied denied:
                json.WriteString("reason", Words.Of(denied.Reason));
                json.WriteString("rule", denied.Rule);
                json.WriteString("wouldPass", denied.WouldPass);
                DecisionTrace.Write(json, DecisionTrace.Of(denied));
                break;
            default:
                throw new UnreachableException();
        }

        json.WriteEndObject();
    }

    /// <summary>Why there is no verdict: the question or the policy can't be read.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<string> problems)
    {
        json.WriteStartObject();
        json.WriteStartArray("problems");
        foreach (var problem in problems)
        {
            json.WriteStringValue(problem);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Verdict.Allowed allowed, IReadOnlyDictionary<string, LimitStand> figures)
    {
        json.WriteString("rule", allowed.Rule);
        json.WriteString("origin", allowed.Facts.Origin.ToString());
        json.WriteString("price", allowed.Facts.Value.ToString());
        json.WriteString("recipient", allowed.Recipient switch { RecipientRule.Listed => "listed", RecipientRule.Pin => "pin", RecipientRule.Any => "any" });
        json.WriteNumber("validSeconds", allowed.ValidSeconds);
        json.WriteStartArray("limits");
        foreach (var line in allowed.Lines)
        {
            Write(json, line, figures.GetValueOrDefault(line.Id));
        }

        json.WriteEndArray();
        DecisionTrace.Write(json, allowed.Trace);
    }

    private static void Write(Utf8JsonWriter json, BudgetLine line, LimitStand? stand)
    {
        json.WriteStartObject();
        json.WriteString("id", line.Id);
        json.WriteString("limit", line.Limit.ToString());
        json.WriteString("window", line.Window.ToString());
        if (stand is not null)
        {
            json.WriteString("remaining", stand.Remaining);
            json.WriteString("spent", stand.Spent);
            json.WriteString("held", stand.Held);
        }

        json.WriteEndObject();
    }
}
