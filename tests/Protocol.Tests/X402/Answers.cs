using System.Text;
using System.Text.Json;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Protocol.Tests.X402;

/// <summary>Answers for the reader, as a test would say them.</summary>
internal static class Answers
{
    public const string RequestUrl = "https://api.example.test/paid";

    public static ReaderProfile Profile { get; } = new(new HashSet<ChainId> { new(84532), new(8453) });

    public static Func<string, IReadOnlyList<string>> Headers(params (string Name, string Value)[] lines) =>
        name => [.. lines.Where(line => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(line => line.Value)];

    public static Challenge InHeader(string document) => InHeaderLine(Convert.ToBase64String(Encoding.UTF8.GetBytes(document)));

    public static Challenge InHeaderLine(string line) =>
        X402Reader.Read(402, Headers(("payment-required", line)), "{}"u8.ToArray(), bodyIsWhole: true, "application/json", RequestUrl, Profile);

    public static Challenge InBody(string body, bool isWhole = true, string contentType = "application/json") =>
        X402Reader.Read(402, Headers(), Encoding.UTF8.GetBytes(body), isWhole, contentType, RequestUrl, Profile);

    /// <summary>A version 2 entry; <paramref name="changes"/> are further members.</summary>
    public static string Entry(string amount = "10000", string network = "eip155:84532", string changes = "") =>
        $$"""
        {"scheme":"exact","network":"{{network}}","amount":"{{amount}}","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2"}{{changes}}}
        """;

    public static string Version1Entry(string amount = "10000") =>
        $$$"""
        {"scheme":"exact","network":"base-sepolia","maxAmountRequired":"{{{amount}}}","resource":"https://api.example.test/paid","description":"","mimeType":"","payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60,"asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","extra":{"name":"USDC","version":"2"}}
        """;

    public static string Document(string accepts, string changes = "") =>
        $$"""
        {"x402Version":2,"error":"Payment required","resource":{"url":"https://api.example.test/paid"},"accepts":[{{accepts}}]{{changes}}}
        """;

    public static string Version1Document(string accepts) => $$"""{"x402Version":1,"error":"X-PAYMENT header is required","accepts":[{{accepts}}]}""";

    public static TransferAuthorization AuthorizationFor(PaymentOffer offer, long validAfter = 0) => new(
        new TransferTerms(
            offer.Network, offer.Asset, offer.DomainName, offer.DomainVersion,
            EvmAddress.Parse("0x75df38D2546DeBbC4F16cfe8546eEaE48210fA4e"), offer.PayTo,
            new TokenAmount((UInt128)offer.Amount), validAfter, 1_780_000_060),
        Bytes32.Keccak256("nonce"u8));

    public static JsonElement Decode(string headerValue)
    {
        using var document = JsonDocument.Parse(Convert.FromBase64String(headerValue));
        return document.RootElement.Clone();
    }

    public static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
