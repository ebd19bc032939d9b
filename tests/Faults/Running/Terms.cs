using System.Text;
using System.Text.Json;

namespace SmartProxy.Faults.Tests;

/// <summary>What sellers write and read of x402 version 2.</summary>
internal static class Terms
{
    /// <summary>The price of everything, in micro-dollars and token units.</summary>
    public const int Cent = 10_000;

    private const string Asset = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
    private const string PayTo = "0x1111111111111111111111111111111111111111";

    /// <summary>The header <c>PAYMENT-REQUIRED</c>: one cent.</summary>
    public static string Required { get; } = Base64(
        $$$"""{"x402Version":2,"error":"Payment required","resource":{"url":"http://seller.test/"},"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"{{{Cent}}}","asset":"{{{Asset}}}","payTo":"{{{PayTo}}}","maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2"}}]}""");

    /// <summary>The header <c>PAYMENT-RESPONSE</c>: a settlement, as claimed.</summary>
    public static string Settled { get; } = Base64("""{"success":true,"transaction":"0xabc","network":"eip155:84532"}""");

    /// <summary>The nonce in a header <c>PAYMENT-SIGNATURE</c>.</summary>
    public static string NonceOf(string payment)
    {
        using var document = JsonDocument.Parse(Convert.FromBase64String(payment));
        return document.RootElement.GetProperty("payload").GetProperty("authorization").GetProperty("nonce").GetString()!;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
