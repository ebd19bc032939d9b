using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Http;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>An origin that is as bad as they come.</summary>
internal sealed class BadOrigin : IAsyncDisposable
{
    private const int MegaByte = 1024 * 1024;

    // Else the system copies megabytes for each that is cut off at 64 KiB: work of a machine that should be the attackers' own.
    private const int UnsentBytes = 64 * 1024;

    private readonly SemaphoreSlim _swallowed = new(0);
    private TestOrigin _origin = null!;

    private BadOrigin()
    {
    }

    public int Port => _origin.Port;

    // 60 KB that stand for 60 MB.
    private static byte[] Bomb => field ??= Squeeze(new byte[60 * MegaByte]);

    public static async Task<BadOrigin> StartAsync()
    {
        var origin = new BadOrigin();
        origin._origin = await TestOrigin.StartAsync(origin.ServeAsync, tls: false, address: IPAddress.Any, unsentBytes: UnsentBytes);
        return origin;
    }

    /// <summary>Ends when so many further bodies have been read to their end, and are not answered.</summary>
    public async Task SwallowedAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _swallowed.WaitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        _swallowed.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/sink":
                await context.Request.Body.CopyToAsync(Stream.Null);
                break;
            case "/swallow":
                await context.Request.Body.CopyToAsync(Stream.Null);
                _swallowed.Release();
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case "/endless":
                await WriteForEverAsync(context);
                break;
            case "/endless402":
                context.Response.StatusCode = StatusCodes.Status402PaymentRequired;
                context.Response.ContentType = "application/json";
                await WriteForEverAsync(context);
                break;
            case "/bomb":
                context.Response.StatusCode = StatusCodes.Status402PaymentRequired;
                context.Response.ContentType = "application/json";
                context.Response.Headers.ContentEncoding = "gzip";
                await context.Response.Body.WriteAsync(Bomb);
                break;
        }
    }

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
    private static async Task WriteForEverAsync(HttpContext context)
    {
        var piece = new byte[64 * 1024];
        for (var left = 4_096L * MegaByte; left > 0 && !context.RequestAborted.IsCancellationRequested; left -= piece.Length)
        {
            if ((await context.Response.BodyWriter.WriteAsync(piece, context.RequestAborted)).IsCompleted)
            {
                return;
            }

            await Task.Yield();
        }
    }
}
