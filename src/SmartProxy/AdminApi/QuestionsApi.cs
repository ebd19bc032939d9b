using SmartProxy.Forwarding;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>What operators ask: what a request would cost an agent, and what a policy of the past said.</summary>
internal sealed class QuestionsApi(AdminServices services)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/v1/quote", QuoteAsync);
        endpoints.MapPost("/v1/explain", ExplainAsync);
        endpoints.MapGet("/v1/policies/{hash}", PolicyAsync);
    }

    private async Task ExplainAsync(HttpContext context)
    {
        var order = await Order.ReadAsync(context, "agent", "url", "method", "price");
        var price = default(Usd);
        if (order is null
            || !AgentId.TryParse(order["agent"], out var agent)
            || !QuoteRequest.TrySplit(order["url"], out var origin, out var target)
            || (order["price"] is { } dollars && !Usd.TryParse(dollars, out price)))
        {
            await ApiAnswer.ProblemAsync(
                context, StatusCodes.Status400BadRequest, "bad_body", "send {\"agent\": NAME, \"url\": \"https://…\"}, and perhaps \"method\" and \"price\" in dollars");
            return;
        }

        var lines = services.LinesFor(agent, order["method"] ?? "GET", origin, target.Split('?')[0], order["price"] is null ? null : price) ?? [];
        var usages = await services.Ledger.UsageAsync(lines, context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("policy", services.Policy.Hash?.ToString());
            json.WriteStartArray("limits");
            foreach (var usage in usages)
            {
                ApiAnswer.WriteUsage(json, usage);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task QuoteAsync(HttpContext context)
    {
        var objection = "send a body of at most 256 KiB with its length";
        if (await ApiBody.ReadAsync(context, QuoteRequest.MaxLength) is not { } body || QuoteRequest.TryRead(body, isForAgent: true, out objection) is not { } request)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_body", objection);
            return;
        }

        await services.Quote(context, request);
    }

    private async Task PolicyAsync(HttpContext context)
    {
        if (!Bytes32.TryParse(context.Request.RouteValues["hash"] as string, out var hash) || await services.Books.FindPolicyAsync(hash, context.RequestAborted) is not { } policy)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status404NotFound, "policy_not_found", "no policy of this hash was ever in force here; receipts name theirs as decision.policyHash");
            return;
        }

        await ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("hash", policy.Hash.ToString());
            json.WriteString("text", policy.Text);
            json.WriteString("registry", policy.Registry);
            json.WriteString("change", policy.Change);
            json.WriteEndObject();
        });
    }
}
