using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Operator;

/// <summary><c>POST /v1/payments/ID/void</c> with <c>{"reason": TEXT}</c>.</summary>
internal sealed class VoidApi(Func<PaymentId, string, string, CancellationToken, ValueTask<Refusal?>> order)
{
    private const int MaxBodyLength = 4096;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    public async Task HandleAsync(HttpContext context)
    {
        if (!PaymentId.TryParse(context.Request.RouteValues["id"] as string, out var id) || await ReadReasonAsync(context) is not { } reason)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_body", $"send {{\"reason\": TEXT}} of 1 to {VoidOrder.MaxReasonLength} characters for a payment's id");
            return;
        }

        try
        {
            if (await order(id, "admin", reason, context.RequestAborted) is { } objection)
            {
                await ApiAnswer.ProblemAsync(context, objection.Status, objection.Reason, objection.Detail);
                return;
            }
        }
        catch (LedgerUnavailableException)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "ledger_unavailable", "the ledger can't record this; /healthz says why");
            return;
        }

        await ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("payment", id.Value);
            json.WriteString("outcome", "voided");
            json.WriteEndObject();
        });
    }

    private static async Task<string?> ReadReasonAsync(HttpContext context)
    {
        if (context.Request.ContentLength is null or > MaxBodyLength)
        {
            return null;
        }

        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, Strict, context.RequestAborted);
            var members = document.RootElement.ValueKind is JsonValueKind.Object ? document.RootElement.EnumerateObject().ToList() : [];
            return members is [{ Name: "reason", Value.ValueKind: JsonValueKind.String } only] && only.Value.GetString() is { Length: > 0 and <= VoidOrder.MaxReasonLength } reason ? reason : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
