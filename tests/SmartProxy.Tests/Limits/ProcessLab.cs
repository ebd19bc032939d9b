using Microsoft.AspNetCore.Http;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>The product as a process, with limits that leave room for attackers and cut them off soon, an origin, and the enemy.</summary>
public sealed class ProcessLab : IAsyncLifetime
{
    internal static readonly bool IsLong = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";

    private const int MegaByte = 1024 * 1024;
    private TestOrigin _origin = null!;

    internal EnemyProcess Enemy { get; private set; } = null!;

    internal ProxyProcess Proxy { get; private set; } = null!;

    internal string Authority => $"127.0.0.1:{_origin.Port}";

    public async ValueTask InitializeAsync()
    {
        _origin = await TestOrigin.StartAsync(ServeAsync, tls: false);
        Enemy = await EnemyProcess.StartAsync();
        Proxy = await ProxyProcess.StartAsync(Authority, new()
        {
            ["Connections:HeadSeconds"] = 5,
            ["Connections:RateGraceSeconds"] = 5,
            ["Connections:MaxTunnelsPerAgent"] = 4_000,
            ["Connections:Passthrough"] = new[] { Attack.BlindHost },
            ["Upstream:ReplayBudgetBytes"] = 32 * MegaByte,
            ["Upstream:ReplayAgentBytes"] = 8 * MegaByte,
        }, [$"127.0.0.1:{Enemy.Port}", $"{Attack.BlindHost}:{Enemy.Port}"]);
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await Enemy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private static async Task ServeAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/count":
                await context.Response.WriteAsync((await CountAsync(context.Request.Body)).ToString(System.Globalization.CultureInfo.InvariantCulture));
                break;
            case "/large":
                await WriteAsync(context, context.Response.ContentLength = long.Parse(context.Request.Query["bytes"]!, System.Globalization.CultureInfo.InvariantCulture));
                break;
            default:
                context.Response.ContentLength = 6;
                await context.Response.WriteAsync("served");
                break;
        }
    }

    private static async Task WriteAsync(HttpContext context, long? bytes)
    {
        var piece = new byte[64 * 1024];
        for (var left = bytes ?? 0; left > 0; left -= piece.Length)
        {
            await context.Response.Body.WriteAsync(piece.AsMemory(0, (int)Math.Min(left, piece.Length)), context.RequestAborted);
        }
    }

    internal static async Task<long> CountAsync(Stream stream)
    {
        var (buffer, total) = (new byte[64 * 1024], 0L);
        for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
        {
            total += count;
        }

        return total;
    }
}
