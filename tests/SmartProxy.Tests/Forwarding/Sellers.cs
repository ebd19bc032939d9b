using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace SmartProxy.Tests.Forwarding;

/// <summary>What origins that charge do, played without any terms.</summary>
internal static class Sellers
{
    public static Task Challenge(HttpContext context)
    {
        context.Response.StatusCode = 402;
        return context.Response.WriteAsync("pay me");
    }

    public static Task Sell(HttpContext context)
    {
        var payment = context.Request.Headers["PAYMENT-SIGNATURE"].ToString() + context.Request.Headers["X-PAYMENT"];
        if (payment.Length == 0)
        {
            return Challenge(context);
        }

        context.Response.Headers["PAYMENT-RESPONSE"] = "settled";
        return context.Response.WriteAsync("paid with " + payment);
    }

    public static byte[] Encode(byte[] plain, string coding)
    {
        using var coded = new MemoryStream();
        using (Stream encoder = coding switch
        {
            "gzip" => new GZipStream(coded, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(coded, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(coded, CompressionLevel.Fastest, leaveOpen: true),
            _ => new BufferedStream(coded, 1),
        })
        {
            encoder.Write(plain);
            if (encoder is BufferedStream)
            {
                encoder.Flush();
                return coded.ToArray();
            }
        }

        return coded.ToArray();
    }
}
