using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Payments;

namespace SmartProxy.AdminApi;

/// <summary>Questions to people, as both APIs show them. Texts that a seller chose are only shown, never interpreted.</summary>
internal static class ApprovalAnswer
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ApprovalView> approvals, bool isForOperator)
    {
        json.WriteStartObject();
        json.WriteStartArray("approvals");
        foreach (var approval in approvals)
        {
            Write(json, approval, isForOperator);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>One question. Who answered, and with which words, is the operator's own business.</summary>
    public static void Write(Utf8JsonWriter json, ApprovalView approval, bool isForOperator)
    {
        var (question, context, figures) = (approval.Question, approval.Context, approval.Figures);
        json.WriteStartObject();
        json.WriteString("id", approval.Id.Value);
        json.WriteString("state", Words.Of(approval.State));
        json.WriteString("agent", question.Agent.Value);
        json.WriteString("method", context.Method);
        json.WriteString("origin", context.Origin.ToString());
        json.WriteString("path", context.Path);
        json.WriteString("price", figures.Price?.ToString());
        json.WriteString("payTo", figures.PayTo?.ToString());
        json.WriteString("network", figures.Network?.ToString());
        json.WriteString("rule", question.Rule);
        json.WriteString("why", ApprovalWords.Of(question.Causes));
        json.WriteString("askedAt", ApiAnswer.Time(approval.AskedAt));
        json.WriteString("expiresAt", ApiAnswer.Time(approval.ExpiresAt));
        if (isForOperator)
        {
            json.WriteString("by", approval.By);
            json.WriteString("reason", approval.Reason);
            DecisionTrace.Write(json, context.Trace);
        }

        json.WriteEndObject();
    }
}
