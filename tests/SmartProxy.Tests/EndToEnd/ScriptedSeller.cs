using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>A request as it reached a seller.</summary>
internal sealed record SeenRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The payment that came with it, or null.</summary>
    public string? Payment => Headers.GetValueOrDefault("PAYMENT-SIGNATURE") ?? Headers.GetValueOrDefault("X-PAYMENT");
}

/// <summary>A seller on Kestrel whose answers are scripts by path, for what WireMock can't do: wait at a gate, hang up, speak TLS with a name.</summary>
internal sealed class ScriptedSeller : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RequestDelegate> _scripts = new();
    private readonly ConcurrentQueue<SeenRequest> _seen = new();
    private TestOrigin _origin = null!;

    public string Authority => $"127.0.0.1:{_origin.Port}";

    public string Url => $"{_origin.Scheme}://{Authority}";

    public static async Task<ScriptedSeller> StartAsync(bool tls)
    {
        var seller = new ScriptedSeller();
        seller._origin = await TestOrigin.StartAsync(seller.AnswerAsync, tls: tls);
        return seller;
    }

    public void On(string path, RequestDelegate script) => _scripts[path] = script;

    /// <summary>Asks for one cent, and does <paramref name="whenPaid"/> with a request that carries a payment.</summary>
    public void Sell(string path, RequestDelegate whenPaid) => On(path, context => IsPaid(context) ? whenPaid(context) : AskAsync(context));

    public IReadOnlyList<SeenRequest> Seen(string path) => [.. _seen.Where(request => request.Path == path)];

    /// <summary>Every different payment that a path was given.</summary>
    public IReadOnlyList<string> PaymentsAt(string path) => [.. Seen(path).Select(request => request.Payment).OfType<string>().Distinct()];

    public static Task AskAsync(HttpContext context)
    {
        context.Response.StatusCode = 402;
        context.Response.Headers["PAYMENT-REQUIRED"] = Terms.Header();
        return context.Response.WriteAsync("{}");
    }

    public static Task DeliverAsync(HttpContext context)
    {
        context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
        return context.Response.WriteAsync("delivered");
    }

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    private static bool IsPaid(HttpContext context) => context.Request.Headers.ContainsKey("PAYMENT-SIGNATURE") || context.Request.Headers.ContainsKey("X-PAYMENT");

    private async Task AnswerAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = context.Request;
        _seen.Enqueue(new SeenRequest(
            request.Method, request.Path, request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray()));
        await (_scripts.TryGetValue(request.Path, out var script) ? script(context) : context.Response.WriteAsync("free"));
    }
}
