using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.AdminApi;

/// <summary><c>/v1/grants</c>: room beyond limits for a while. The policy file is never touched.</summary>
internal sealed class GrantsApi(AdminServices services)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/v1/grants", ListAsync);
        endpoints.MapPost("/v1/grants", AddAsync);
        endpoints.MapPost("/v1/grants/{id}/revoke", RevokeAsync);
    }

    private async Task ListAsync(HttpContext context)
    {
        var grants = await services.Books.GrantsAsync(context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json => GrantWords.Write(json, grants));
    }

    private async Task AddAsync(HttpContext context)
    {
        var order = await Order.ReadAsync(context, "owner", "amount", "for", "merchant", "reason", "by");
        if (order is null)
        {
            await ApiAnswer.ProblemAsync(
                context, StatusCodes.Status400BadRequest, "bad_body", "send {\"owner\": \"agent:me\", \"amount\": \"5.00\", \"for\": \"2h\", \"reason\": TEXT}, and perhaps \"merchant\" and \"by\"");
            return;
        }

        TimeSpan? time = Durations.TryRead(order["for"] ?? "", out var duration) ? duration : null;
        var wanted = new GrantOrder(order["owner"], order["amount"], time, order["reason"], order["merchant"]);
        var now = services.Time.GetUtcNow();
        if (GrantWords.TryMake(wanted, Ids.New(now, services.Random), now, order.By, out var objection) is not { } grant)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_body", objection);
            return;
        }

        if (await TryRecordAsync(context, grant))
        {
            await ApiAnswer.JsonAsync(context, json => GrantWords.Write(json, new GrantView(grant, Usd.Zero, IsRevoked: false, IsExpired: false), isForOperator: true));
        }
    }

    private async Task RevokeAsync(HttpContext context)
    {
        if (await Order.ReadAsync(context, "reason", "by") is not { } order || order.Reason(isRequired: true) is not { } reason)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_body", "send {\"reason\": TEXT, \"by\": NAME}; the reason is required and has at most 200 characters");
            return;
        }

        var grants = await services.Books.GrantsAsync(context.RequestAborted);
        if (!PaymentId.TryParse(context.Request.RouteValues["id"] as string, out var id) || grants.FirstOrDefault(grant => grant.Grant.Grant == id) is not { } view)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status404NotFound, "grant_not_found", "there is no grant by this id; see GET /v1/grants");
            return;
        }

        if (view.IsRevoked || await TryRecordAsync(context, new LedgerEvent.GrantRevoked(id, order.By, reason)))
        {
            await ApiAnswer.JsonAsync(context, json => GrantWords.Write(json, view with { IsRevoked = true }, isForOperator: true));
        }
    }

    private async ValueTask<bool> TryRecordAsync(HttpContext context, LedgerEvent entry)
    {
        try
        {
            await services.Ledger.RecordAsync(entry);
            return true;
        }
        catch (LedgerInvariantException)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status409Conflict, "grant_closed", "this grant has ended; see GET /v1/grants");
        }
        catch (LedgerUnavailableException)
        {
            await Order.NotRecordedAsync(context);
        }

        return false;
    }
}
