using System.Text;
using SmartProxy.Tests.Payments;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Terms of one cent, and what sellers say about settlements, as they travel.</summary>
internal static class Terms
{
    public const string PayTo = "0x1111111111111111111111111111111111111111";

    /// <summary>In micro-dollars, and in units of the token.</summary>
    public const int Cent = 10_000;

    /// <summary>A version 2 document for the header <c>PAYMENT-REQUIRED</c>.</summary>
    public static string Header(int amount = Cent, string payTo = PayTo) => Base64(
        $$$"""{"x402Version":2,"error":"Payment required","resource":{"url":"https://seller.test/"},"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"{{{amount}}}","asset":"{{{FlowKit.Usdc}}}","payTo":"{{{payTo}}}","maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2"}}]}""");

    /// <summary>A version 1 body.</summary>
    public static string Body => $$$"""{"x402Version":1,"error":"X-PAYMENT header is required","accepts":[{"scheme":"exact","network":"base-sepolia","maxAmountRequired":"{{{Cent}}}","resource":"https://seller.test/","description":"","mimeType":"","payTo":"{{{PayTo}}}","maxTimeoutSeconds":60,"asset":"{{{FlowKit.Usdc}}}","extra":{"name":"USDC","version":"2"}}]}""";

    public static string Settled => Base64("""{"success":true,"transaction":"0xabc","network":"eip155:84532"}""");

    public static string NotSettled => Base64("""{"success":false,"transaction":"","network":"eip155:84532","errorReason":"insufficient_funds"}""");

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
