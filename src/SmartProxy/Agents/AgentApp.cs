using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SmartProxy.Forwarding;
using SmartProxy.Identity;
using SmartProxy.Ledger;
using SmartProxy.Operator;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Agents;

/// <summary>
/// What an agent can see on the proxy's own address: its limits, its payments, its receipts. It can change nothing, and it sees nothing of
/// others. The caller hands over only origin-form requests to our own authority outside tunnels.
/// </summary>
internal sealed class AgentApp(AgentAuthenticator authenticator, ILedger ledger, IPolicyView policy, IPaymentArchive archive, PublicDocuments documents)
{
    private const string TokenHeader = TargetResolver.TokenHeader;
    private const string ReceiptPath = "/v1/receipts/";

    public Task HandleAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return ApiAnswer.ProblemAsync(context, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "agents can only read here; use GET");
        }

        return context.Request.Path.Value switch
        {
            "/ca.pem" => documents.CaAsync(context),
            "/.well-known/jwks.json" => documents.JwksAsync(context),
            "/v1/me" => ForAgentAsync(context, MeAsync),
            "/v1/me/payments" => ForAgentAsync(context, PaymentsAsync),
            { } path when path.StartsWith(ReceiptPath, StringComparison.Ordinal) => ForAgentAsync(context, ReceiptAsync),
            _ => ApiAnswer.ProblemAsync(
                context, StatusCodes.Status404NotFound, "not_found", "this is a proxy; here are only /v1/me, /v1/me/payments, /v1/receipts/ID, /ca.pem and /.well-known/jwks.json"),
        };
    }

    private Task ForAgentAsync(HttpContext context, Func<HttpContext, AgentId, Task> answer)
    {
        if (Identify(context.Request.Headers) is { } identity)
        {
            return answer(context, identity.Agent);
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return ApiAnswer.ProblemAsync(context, StatusCodes.Status401Unauthorized, "token_required", $"send the agent's token as {TokenHeader}, or as Authorization: Bearer");
    }

    // One credential decides; the first kind that is present, never whichever happens to match.
    private AgentIdentity? Identify(IHeaderDictionary headers) =>
        headers.TryGetValue(TokenHeader, out var bare) ? authenticator.Verify(Single(bare))
        : headers.ProxyAuthorization.Count > 0 ? authenticator.Authenticate(Single(headers.ProxyAuthorization))
        : authenticator.Authenticate(Single(headers.Authorization));

    private async Task MeAsync(HttpContext context, AgentId agent)
    {
        var usages = await ledger.UsageAsync(policy.LinesOf(agent), context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("agent", agent.Value);
            json.WriteString("policy", policy.Hash?.ToString());
            json.WriteString("frozen", ledger.FrozenReason(agent));
            json.WriteStartArray("limits");
            foreach (var usage in usages)
            {
                ApiAnswer.WriteUsage(json, usage);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task PaymentsAsync(HttpContext context, AgentId agent)
    {
        if (PaymentQueryReader.TryRead(context.Request.Query, out var objection) is not { } query)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_query", objection);
            return;
        }

        // INVARIANT: whatever the query says, an agent's search is for its own payments.
        var page = await archive.SearchAsync(query with { Agent = agent }, context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json => ApiAnswer.WritePage(json, page));
    }

    private async Task ReceiptAsync(HttpContext context, AgentId agent)
    {
        var id = context.Request.Path.Value![ReceiptPath.Length..];
        var receipt = Receipt.TryParseId(id, out _)
            ? await archive.FindReceiptAsync(id, agent, context.RequestAborted)
            : null;
        await ReceiptAnswer.SendAsync(context, receipt);
    }

    private static string? Single(StringValues values) => values.Count == 1 ? values[0] : null;
}
