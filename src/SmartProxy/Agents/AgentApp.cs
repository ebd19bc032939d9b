using Microsoft.Extensions.Primitives;
using SmartProxy.AdminApi;
using SmartProxy.Forwarding;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Identity;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Agents;

/// <summary>What the agents' pages are made from; the pieces come from the composition of the host.</summary>
internal sealed record AgentServices
{
    public required AgentAuthenticator Authenticator { get; init; }

    public required ILedger Ledger { get; init; }

    public required IOperatorBooks Books { get; init; }

    public required IPolicyView Policy { get; init; }

    public required IPaymentArchive Archive { get; init; }

    public required PublicDocuments Documents { get; init; }

    /// <summary>Asks an origin what a request would cost.</summary>
    public required Func<HttpContext, AgentIdentity, QuoteRequest, Task> Quote { get; init; }

    public required OwnNames Names { get; init; }

    /// <summary>Serves a request of an agent in a place of its own, or refuses it.</summary>
    public required Func<HttpContext, AgentId, Func<Task>, Task> Admit { get; init; }
}

/// <summary>
/// What an agent can see on the proxy's own address: its limits, its payments, its receipts, the questions about its payments, and what a
/// request would cost. It can change nothing, and it sees nothing of others. The caller hands over only origin-form requests outside tunnels.
/// </summary>
internal sealed class AgentApp(AgentServices services)
{
    private const string QuotePath = "/v1/quote";
    private const string TokenHeader = TargetResolver.TokenHeader;
    private const string ReceiptPath = "/v1/receipts/";

    public Task HandleAsync(HttpContext context)
    {
        if (!services.Names.IsOurs(context))
        {
            return ApiAnswer.ProblemAsync(context, StatusCodes.Status421MisdirectedRequest, "unknown_host", "this is a proxy; call its own pages by its address, or send the request through it");
        }

        if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path.Value == QuotePath)
        {
            return ForAgentAsync(context, QuoteAsync);
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return ApiAnswer.ProblemAsync(context, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "agents can only read here; use GET");
        }

        return context.Request.Path.Value switch
        {
            "/ca.pem" => services.Documents.CaAsync(context),
            "/.well-known/jwks.json" => services.Documents.JwksAsync(context),
            "/v1/me" => ForAgentAsync(context, MeAsync),
            "/v1/me/payments" => ForAgentAsync(context, PaymentsAsync),
            "/v1/me/approvals" => ForAgentAsync(context, ApprovalsAsync),
            { } path when path.StartsWith(ReceiptPath, StringComparison.Ordinal) => ForAgentAsync(context, ReceiptAsync),
            _ => ApiAnswer.ProblemAsync(
                context, StatusCodes.Status404NotFound, "not_found", "this is a proxy; here are only /v1/me, /v1/me/payments, /v1/me/approvals, /v1/receipts/ID, POST /v1/quote, /ca.pem and /.well-known/jwks.json"),
        };
    }

    // Counted as requests through the proxy are, before anything of a body is read.
    private Task ForAgentAsync(HttpContext context, Func<HttpContext, AgentIdentity, Task> answer) =>
        Identify(context.Request.Headers) is { } identity
            ? services.Admit(context, identity.Agent, () => answer(context, identity))
            : TokenRequiredAsync(context);

    private async Task QuoteAsync(HttpContext context, AgentIdentity identity)
    {
        if (await ApiBody.ReadAsync(context, QuoteRequest.MaxLength) is not { } body || QuoteRequest.TryRead(body, isForAgent: false, out _) is not { } request)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_body", "send " + QuoteRequest.Expected);
            return;
        }

        await services.Quote(context, identity, request);
    }

    private static Task TokenRequiredAsync(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return ApiAnswer.ProblemAsync(context, StatusCodes.Status401Unauthorized, "token_required", $"send the agent's token as {TokenHeader}, or as Authorization: Bearer");
    }

    // One credential decides; the first kind that is present, never whichever happens to match.
    private AgentIdentity? Identify(IHeaderDictionary headers) =>
        headers.TryGetValue(TokenHeader, out var bare) ? services.Authenticator.Verify(Single(bare))
        : headers.ProxyAuthorization.Count > 0 ? services.Authenticator.Authenticate(Single(headers.ProxyAuthorization))
        : services.Authenticator.Authenticate(Single(headers.Authorization));

    private async Task MeAsync(HttpContext context, AgentIdentity identity)
    {
        var lines = services.Policy.LinesOf(identity.Agent);
        var usages = await services.Ledger.UsageAsync(lines, context.RequestAborted);
        var grants = GrantWords.Applying(await services.Books.GrantsAsync(context.RequestAborted), identity.Agent, lines);
        await ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("agent", identity.Agent.Value);
            json.WriteString("policy", services.Policy.Hash?.ToString());
            json.WriteString("frozen", services.Ledger.FrozenReason(identity.Agent));
            json.WriteStartArray("limits");
            foreach (var usage in usages)
            {
                ApiAnswer.WriteUsage(json, usage);
            }

            json.WriteEndArray();
            json.WriteStartArray("grants");
            foreach (var grant in grants)
            {
                GrantWords.Write(json, grant, isForOperator: false);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task PaymentsAsync(HttpContext context, AgentIdentity identity)
    {
        if (PaymentQueryReader.TryRead(context.Request.Query, out var objection) is not { } query)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_query", objection);
            return;
        }

        // INVARIANT: whatever the query says, an agent's search is for its own payments.
        var page = await services.Archive.SearchAsync(query with { Agent = identity.Agent }, context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json => ApiAnswer.WritePage(json, page));
    }

    // INVARIANT: only the questions about its own payments.
    private async Task ApprovalsAsync(HttpContext context, AgentIdentity identity)
    {
        var approvals = await services.Books.ApprovalsAsync(context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json => ApprovalAnswer.Write(json, [.. approvals.Where(approval => approval.Question.Agent == identity.Agent)], isForOperator: false));
    }

    private async Task ReceiptAsync(HttpContext context, AgentIdentity identity)
    {
        var id = context.Request.Path.Value![ReceiptPath.Length..];
        var receipt = ReceiptId.TryParse(id, out _)
            ? await services.Archive.FindReceiptAsync(id, identity.Agent, context.RequestAborted)
            : null;
        await ReceiptAnswer.SendAsync(context, receipt);
    }

    private static string? Single(StringValues values) => values.Count == 1 ? values[0] : null;
}
