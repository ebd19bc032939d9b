using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary><c>POST /v1/freeze</c> and <c>/v1/unfreeze</c> with <c>{"agent": NAME, "by": NAME, "reason": TEXT}</c>: the kill switch.</summary>
internal sealed class FreezeApi(ILedger ledger)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/v1/freeze", context => SwitchAsync(context, freeze: true));
        endpoints.MapPost("/v1/unfreeze", context => SwitchAsync(context, freeze: false));
    }

    private async Task SwitchAsync(HttpContext context, bool freeze)
    {
        // A misspelt `agent` must not freeze or, worse, unfreeze everybody: unknown members are refused.
        AgentId agent = default;
        if (await Order.ReadAsync(context, "agent", "by", "reason") is not { } order
            || order.Reason(isRequired: false) is not { } reason
            || (order["agent"] is { } name && !AgentId.TryParse(name, out agent)))
        {
            await ApiAnswer.ProblemAsync(
                context, StatusCodes.Status400BadRequest, "bad_body", "send {\"agent\": NAME, \"reason\": TEXT}; both may be left out, and without an agent all payments are meant");
            return;
        }

        AgentId? whom = order["agent"] is null ? null : agent;
        try
        {
            await ledger.RecordAsync(freeze ? new LedgerEvent.Frozen(whom, order.By, reason) : new LedgerEvent.Unfrozen(whom, order.By, reason));
        }
        catch (LedgerUnavailableException)
        {
            await Order.NotRecordedAsync(context);
            return;
        }

        await ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("frozen", freeze);
            json.WriteString("agent", whom?.Value);
            json.WriteEndObject();
        });
    }
}
