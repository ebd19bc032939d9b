using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SmartProxy.Forwarding;
using SmartProxy.Protocol;

namespace SmartProxy.Operator;

/// <summary>What operators ask: what a request would cost an agent, and what a policy of the past said.</summary>
internal sealed class QuestionsApi(AdminServices services)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/v1/quote", QuoteAsync);
        endpoints.MapGet("/v1/policies/{hash}", PolicyAsync);
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
