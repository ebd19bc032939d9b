using Microsoft.AspNetCore.Http;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>The product as a process, with the limits that it has by itself, and an origin behind TLS.</summary>
public sealed class SecureLab : IAsyncLifetime
{
    private TestOrigin _origin = null!;

    internal ProxyProcess Proxy { get; private set; } = null!;

    internal string Authority => $"127.0.0.1:{_origin.Port}";

    /// <summary>What the origin does with a request.</summary>
    internal RequestDelegate Serve { get; set; } = _ => Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _origin = await TestOrigin.StartAsync(context => Serve(context));
        Proxy = await ProxyProcess.StartAsync(Authority, []);
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }
}
