using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary><c>POST /v1/payments/ID/void</c> with <c>{"by": NAME, "reason": TEXT}</c>.</summary>
internal sealed class VoidApi(Func<PaymentId, string, string, CancellationToken, ValueTask<Refusal?>> voiding)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (!PaymentId.TryParse(context.Request.RouteValues["id"] as string, out var id) || await Order.ReadAsync(context, "by", "reason") is not { } order || order.Reason(isRequired: true) is not { } reason)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_body", $"send {{\"reason\": TEXT}} of 1 to {Order.MaxReasonLength} characters for a payment's id");
            return;
        }

        try
        {
            if (await voiding(id, order.By, reason, context.RequestAborted) is { } objection)
            {
                await ApiAnswer.ProblemAsync(context, objection.Status, objection.Reason, objection.Detail);
                return;
            }
        }
        catch (LedgerUnavailableException)
        {
            await Order.NotRecordedAsync(context);
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
}
