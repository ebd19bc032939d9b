using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// A seller on loopback that asks one cent for everything and remembers every signature that reached it: the witness of what the process really let go.
/// <c>/paid</c> delivers, <c>/keep</c> asks again, <c>/half</c> sends half an answer and hangs; the rest of the path is free to tell requests apart.
/// </summary>
internal sealed class Seller : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _nonces = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _end = new();

    private Seller() => _app = CreateApp();

    public string Authority { get; private set; } = "";

    /// <summary>Every different nonce that a signature came with.</summary>
    public IReadOnlyCollection<string> Nonces => [.. _nonces.Keys];

    /// <summary>The nonces that came to paths with this text.</summary>
    public IReadOnlyCollection<string> NoncesAt(string text) => [.. _nonces.Where(seen => seen.Value.Contains(text, StringComparison.Ordinal)).Select(seen => seen.Key)];

    public static async Task<Seller> StartAsync()
    {
        var seller = new Seller();
        await seller._app.StartAsync();
        seller.Authority = new Uri(seller._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority;
        return seller;
    }

    public string Url(string path) => $"http://{Authority}{path}";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _app.DisposeAsync();
        _end.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Headers["PAYMENT-SIGNATURE"] is not [{ } payment])
        {
            await AskAsync(context);
            return;
        }

        _nonces.TryAdd(Terms.NonceOf(payment), context.Request.Path.Value!);
        await (context.Request.Path.Value!.Split('/')[1] switch
        {
            "keep" => AskAsync(context),
            "half" => HalfAsync(context),
            _ => DeliverAsync(context),
        });
    }

    private static Task AskAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status402PaymentRequired;
        context.Response.Headers["PAYMENT-REQUIRED"] = Terms.Required;
        return context.Response.WriteAsync("{}");
    }

    private static Task DeliverAsync(HttpContext context)
    {
        context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
        return context.Response.WriteAsync("delivered");
    }

    private async Task HalfAsync(HttpContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _end.Token);
        context.Response.ContentLength = 20;
        context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
        await context.Response.WriteAsync("delivered ", end.Token);
        await context.Response.Body.FlushAsync(end.Token);
        await Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => context.Abort(), TaskScheduler.Default);
    }

    // Nothing of the surroundings configures it.
    private WebApplication CreateApp()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(AnswerAsync);
        return app;
    }
}
