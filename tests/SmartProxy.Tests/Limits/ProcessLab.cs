using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>The product as a process, with limits that leave room for attackers and cut them off soon, and an origin that is as bad as they come.</summary>
public sealed class ProcessLab : IAsyncLifetime
{
    internal static readonly bool IsLong = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";

    private const int MegaByte = 1024 * 1024;
    private TestOrigin _origin = null!;

    internal ProxyProcess Proxy { get; private set; } = null!;

    internal string Authority => $"127.0.0.1:{_origin.Port}";

    public async ValueTask InitializeAsync()
    {
        _origin = await TestOrigin.StartAsync(ServeAsync, tls: false);
        Proxy = await ProxyProcess.StartAsync(Authority, new()
        {
            ["Connections:HeadSeconds"] = 5,
            ["Connections:RateGraceSeconds"] = 5,
            ["Connections:MaxConnectionsPerAgent"] = 6_000,
            ["Connections:MaxTunnelsPerAgent"] = 6_000,
            ["Connections:MaxRequestsPerAgent"] = 3_000,
            ["Upstream:ReplayBudgetBytes"] = 32 * MegaByte,
            ["Upstream:ReplayAgentBytes"] = 16 * MegaByte,
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private static async Task ServeAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/sink":
                await context.Request.Body.CopyToAsync(Stream.Null);
                break;
            case "/count":
                await context.Response.WriteAsync((await CountAsync(context.Request.Body)).ToString(System.Globalization.CultureInfo.InvariantCulture));
                break;
            case "/large":
                await WriteAsync(context, context.Response.ContentLength = long.Parse(context.Request.Query["bytes"]!, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case "/endless":
                await WriteForEverAsync(context, new byte[64 * 1024]);
                break;
            case "/endless402":
                context.Response.StatusCode = 402;
                context.Response.ContentType = "application/json";
                await WriteForEverAsync(context, new byte[64 * 1024]);
                break;
            case "/bomb":
                context.Response.StatusCode = 402;
                context.Response.ContentType = "application/json";
                context.Response.Headers.ContentEncoding = "gzip";
                await context.Response.Body.WriteAsync(Bomb);
                break;
            default:
                context.Response.ContentLength = 6;
                await context.Response.WriteAsync("served");
                break;
        }
    }

    // 60 KB that stand for 60 MB.
    private static byte[] Bomb => field ??= Squeeze(new byte[60 * MegaByte]);

    private static byte[] Squeeze(byte[] bytes)
    {
        var squeezed = new MemoryStream();
        using (var gzip = new GZipStream(squeezed, CompressionLevel.SmallestSize))
        {
            gzip.Write(bytes);
        }

        return squeezed.ToArray();
    }

    // As good as for ever. What is written to a connection that is gone ends at once: who never yields never hears that it is gone.
    private static async Task WriteForEverAsync(HttpContext context, byte[] piece)
    {
        for (var left = 4_096L * MegaByte; left > 0 && !context.RequestAborted.IsCancellationRequested; left -= piece.Length)
        {
            await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            await Task.Yield();
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
