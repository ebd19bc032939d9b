using System.Text.Json;
using SmartProxy.Forwarding;
using SmartProxy.Identity;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.AdminApi;

/// <summary>What the admin API shows and does; the pieces come from the composition of the host.</summary>
internal sealed record AdminServices
{
    public required AdminToken Token { get; init; }

    /// <summary>Names of the listener besides loopback.</summary>
    public IReadOnlyCollection<string> Hosts { get; init; } = [];

    public required ILedger Ledger { get; init; }

    public required IPolicyView Policy { get; init; }

    public required CredentialStore Credentials { get; init; }

    public required IPaymentArchive Archive { get; init; }

    public required IOperatorBooks Books { get; init; }

    /// <summary>The limits that a purchase of an agent would draw on, under the policy in force; null when it would not be allowed.</summary>
    public required Func<AgentId, string, Origin, string, Usd?, IReadOnlyList<BudgetLine>?> LinesFor { get; init; }

    /// <summary>Asks an origin what a request of an agent would cost.</summary>
    public required Func<HttpContext, QuoteRequest, Task> Quote { get; init; }

    /// <summary>Voids a payment for somebody with a reason; or why not: a stable word and a sentence.</summary>
    public required Func<PaymentId, string, string, CancellationToken, ValueTask<Refusal?>> Void { get; init; }

    public required Health Health { get; init; }

    public required Metrics Metrics { get; init; }

    public required PublicDocuments Documents { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public IRandomSource Random { get; init; } = new SystemRandomSource();
}

/// <summary>What everybody may have: the CA certificate to trust, and the keys that receipts are verified with.</summary>
/// <param name="CaPem">The CA certificate as PEM.</param>
/// <param name="Jwks">The JSON Web Key Set, retired keys included.</param>
internal sealed record PublicDocuments(Func<string> CaPem, Func<string> Jwks)
{
    public Task CaAsync(HttpContext context) => ApiAnswer.TextAsync(context, "application/x-pem-file", CaPem());

    public Task JwksAsync(HttpContext context) => ApiAnswer.TextAsync(context, "application/jwk-set+json", Jwks());
}

/// <summary>The operator's HTTP API: health, metrics, kill switch, payments, agents, approvals, grants, quotes.</summary>
internal sealed class AdminApp(AdminServices services)
{
    private const int MaxAgentsShown = 1_000;

    private readonly AdminGuard _guard = new(services.Token, services.Hosts);

    /// <summary>Guard first, then the endpoints; whatever else is mapped on this application stands behind the guard too.</summary>
    public void Use(WebApplication app)
    {
        app.Use((context, next) => _guard.InvokeAsync(context, new RequestDelegate(next)));
        app.UseRouting();
        Map(app);
        app.MapFallback(static context => ApiAnswer.ProblemAsync(context, StatusCodes.Status404NotFound, "not_found", "there is nothing at this path"));
    }

    private void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", HealthAsync);
        endpoints.MapGet("/metrics", MetricsAsync);
        endpoints.MapGet("/ca.pem", services.Documents.CaAsync);
        endpoints.MapGet("/.well-known/jwks.json", services.Documents.JwksAsync);
        endpoints.MapGet("/v1/agents", AgentsAsync);
        endpoints.MapGet("/v1/payments", PaymentsAsync);
        endpoints.MapGet("/v1/receipts/{id}", ReceiptAsync);
        new ApprovalsApi(services).Map(endpoints);
        new GrantsApi(services).Map(endpoints);
        new QuestionsApi(services).Map(endpoints);
        endpoints.MapPost("/v1/payments/{id}/void", new VoidApi(services.Void).HandleAsync);
        new FreezeApi(services.Ledger).Map(endpoints);
    }

    private Task HealthAsync(HttpContext context)
    {
        var report = services.Health.Report();
        return ApiAnswer.JsonAsync(context, report.Write, report.IsServing ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private async Task MetricsAsync(HttpContext context)
    {
        services.Metrics.Observe(services.Health.Report());
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await services.Metrics.Registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task AgentsAsync(HttpContext context)
    {
        var agents = services.Credentials.Tokens.GroupBy(token => token.Agent).OrderBy(group => group.Key.Value, StringComparer.Ordinal).Take(MaxAgentsShown).ToArray();
        var usages = new Dictionary<AgentId, IReadOnlyList<LineUsage>>();
        foreach (var agent in agents)
        {
            usages[agent.Key] = await services.Ledger.UsageAsync(services.Policy.LinesOf(agent.Key), context.RequestAborted);
        }

        await ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("agents");
            foreach (var agent in agents)
            {
                WriteAgent(json, agent.Key, agent, usages[agent.Key]);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private void WriteAgent(Utf8JsonWriter json, AgentId agent, IEnumerable<StoredToken> tokens, IReadOnlyList<LineUsage> usages)
    {
        json.WriteStartObject();
        json.WriteString("agent", agent.Value);
        json.WriteString("frozen", services.Ledger.FrozenReason(agent));
        json.WriteStartArray("tokens");
        foreach (var token in tokens.OrderBy(token => token.Created))
        {
            json.WriteStartObject();
            json.WriteString("id", token.Id);
            json.WriteString("created", ApiAnswer.Time(token.Created));
            json.WriteString("expires", token.Expires is { } expires ? ApiAnswer.Time(expires) : null);
            json.WriteString("note", token.Note);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("limits");
        foreach (var usage in usages)
        {
            ApiAnswer.WriteUsage(json, usage);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private async Task PaymentsAsync(HttpContext context)
    {
        if (PaymentQueryReader.TryRead(context.Request.Query, out var objection) is not { } query)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, "bad_query", objection);
            return;
        }

        var page = await services.Archive.SearchAsync(query, context.RequestAborted);
        await ApiAnswer.JsonAsync(context, json => ApiAnswer.WritePage(json, page));
    }

    private async Task ReceiptAsync(HttpContext context)
    {
        var receipt = context.Request.RouteValues["id"] is string id && ReceiptId.TryParse(id, out _)
            ? await services.Archive.FindReceiptAsync(id, owner: null, context.RequestAborted)
            : null;
        await ReceiptAnswer.SendAsync(context, receipt);
    }
}
