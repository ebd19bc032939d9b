using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>
/// One proxy, eight sellers and one agent for each kind of rule. What a rule says is told as a script of purchases, each at a path of its own unless
/// the script names one: <c>one 1 ok | one 2 budget_exceeded | one:/x 1 ok | two@B 1 ok</c> is seller, path, recipient, price in cents, and the end.
/// A seller takes the money and fails at paths that begin with <c>/500</c>.
/// </summary>
public sealed class RuleWorld : IAsyncLifetime
{
    public const string A = "0x1111111111111111111111111111111111111111";
    public const string B = "0x2222222222222222222222222222222222222222";
    public const string C = "0x3333333333333333333333333333333333333333";

    private readonly Dictionary<string, ScriptedSeller> _sellers = [];
    private int _paths;

    internal RunningProxy Proxy { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        foreach (var name in (string[])["one", "two", "three", "four", "five"])
        {
            _sellers[name] = await ScriptedSeller.StartAsync(tls: false);
        }

        // No merchant names these, so they have to be called over https; a category opens their ports.
        _sellers["nobody"] = await ScriptedSeller.StartAsync(tls: true);
        _sellers["fresh"] = await ScriptedSeller.StartAsync(tls: true);
        _sellers["moved"] = await ScriptedSeller.StartAsync(tls: true);
        Proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = Policy(), Agents = [.. RuleKinds.All.Select(kind => kind.Agent), "mate"] });
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        foreach (var seller in _sellers.Values)
        {
            await seller.DisposeAsync();
        }
    }

    internal ScriptedSeller Seller(string name) => _sellers[name];

    /// <summary>Runs a script and returns what really happened, in the same words.</summary>
    internal async Task<string> PlayAsync(string agent, string script)
    {
        var ends = new List<string>();
        foreach (var step in script.Split(" | "))
        {
            var (where, price, _) = Split(step);
            using var answer = await BuyAsync(agent, where, int.Parse(price, CultureInfo.InvariantCulture));
            ends.Add($"{where} {price} {await EndAsync(answer)}");
        }

        return string.Join(" | ", ends);
    }

    /// <summary>One purchase, as an agent makes it.</summary>
    internal async Task<HttpResponseMessage> BuyAsync(string agent, string where, int cents, params (string Name, string Value)[] headers)
    {
        using var client = Proxy.As(agent);
        using var request = new HttpRequestMessage(HttpMethod.Get, Offer(where, cents));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await client.SendAsync(request, Cancellation);
    }

    /// <summary>A seller that sells at this price, at a path of its own; returns its URL.</summary>
    internal string Offer(string where, int cents)
    {
        var (seller, path, payTo) = Place(where);
        _sellers[seller].On(path, context => !context.Request.Headers.ContainsKey("PAYMENT-SIGNATURE") ? AskAsync(context, cents, payTo)
            : path.StartsWith("/500", StringComparison.Ordinal) ? FailAsync(context)
            : ScriptedSeller.DeliverAsync(context));
        return _sellers[seller].Url + path;
    }

    internal static Task AskAsync(HttpContext context, int cents, string payTo = A)
    {
        context.Response.StatusCode = 402;
        context.Response.Headers["PAYMENT-REQUIRED"] = Terms.Header(cents * Terms.Cent, payTo);
        return context.Response.WriteAsync("{}", context.RequestAborted);
    }

    /// <summary>Takes the money and delivers nothing.</summary>
    internal static Task FailAsync(HttpContext context)
    {
        context.Response.StatusCode = 500;
        context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
        return Task.CompletedTask;
    }

    internal static async Task<string> EndAsync(HttpResponseMessage answer)
    {
        if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.InternalServerError)
        {
            return answer.StatusCode is HttpStatusCode.OK ? "ok" : "500";
        }

        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        return problem.RootElement.GetProperty("reason").GetString()!;
    }

    internal static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer)
    {
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        return problem.RootElement.Clone();
    }

    private (string Seller, string Path, string PayTo) Place(string where)
    {
        var (name, payTo) = where.Split('@') is [var before, var to] ? (before, to switch { "B" => B, "C" => C, _ => A }) : (where, A);
        var (seller, path) = name.Split(':') is [var s, var p] ? (s, p) : (name, string.Create(CultureInfo.InvariantCulture, $"/path-{Interlocked.Increment(ref _paths)}"));
        return (seller, path, payTo);
    }

    private static (string Where, string Price, string End) Split(string step) => step.Split(' ') is [var where, var price, var end] ? (where, price, end) : throw new FormatException(step);

    private string Policy() => $$"""
        { "networks": ["base-sepolia"],
          "merchants": {
            "one":   { "hosts": "{{_sellers["one"].Authority}}", "category": "search", "recipients": "any", "allowCleartext": true },
            "two":   { "hosts": "{{_sellers["two"].Authority}}", "category": "search", "recipients": "any", "allowCleartext": true },
            "three": { "hosts": "{{_sellers["three"].Authority}}", "category": "data", "recipients": ["{{A}}"], "allowCleartext": true },
            "four":  { "hosts": "{{_sellers["four"].Authority}}", "recipients": "any", "allowCleartext": true },
            "five":  { "hosts": "{{_sellers["five"].Authority}}", "recipients": "any", "allowCleartext": true, "limits": { "day": "0.01" } } },
          "categories": { "unnamed": ["{{_sellers["nobody"].Authority}}", "{{_sellers["fresh"].Authority}}", "{{_sellers["moved"].Authority}}"] },
          "groups": { "lab": { "limits": { "day": "0.02" } } },
          "policies": { "open": { "allow": ["*"], "limits": { "payment": "0.50", "day": "9.00" } } },
          "agents": {
            "me": { "policy": "open" },
            "mate": { "policy": "open", "group": "lab" },
            {{string.Join(",\n    ", RuleKinds.All.Select(kind => $"\"{kind.Agent}\": {{ \"policy\": \"open\", {Named(kind.Members)} }}"))}} } }
        """;

    // Rules name hosts by their authority, which is known only now.
    private string Named(string members) =>
        _sellers.Aggregate(members, (text, seller) => text.Replace($"host:{seller.Key}", seller.Value.Authority, StringComparison.Ordinal));
}
