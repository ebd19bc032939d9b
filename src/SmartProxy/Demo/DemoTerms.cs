using System.Text;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Demo;

/// <summary>What the demo's seller writes and reads of x402 version 2: terms, payments, settlements.</summary>
internal sealed class DemoTerms(Asset token, EvmAddress payTo, TokenAmount price)
{
    private const int Version = 2;
    private const int MaxTimeoutSeconds = 60;
    private const int MaxHeaderLength = 16 * 1024;

    private readonly string _entry = Entry(token, payTo, price);

    public TokenAmount Price { get; } = price;

    /// <summary>The value of <c>PAYMENT-REQUIRED</c>.</summary>
    public string Required(string url) => Encode(
        $$"""{"x402Version":{{Version}},"error":"Payment required","resource":{"url":"{{JsonEncodedText.Encode(url)}}","description":"Weather, one reading","mimeType":"application/json"},"accepts":[{{_entry}}]}""");

    /// <summary>The value of <c>PAYMENT-RESPONSE</c>.</summary>
    public string Settled(string transaction, EvmAddress payer) =>
        Encode($$"""{"success":true,"transaction":"{{transaction}}","network":"{{token.Chain}}","payer":"{{payer}}"}""");

    /// <summary>Reads <c>PAYMENT-SIGNATURE</c>; null when it is not a payment for exactly our terms.</summary>
    public (TransferAuthorization Authorization, string Signature)? Read(string? header)
    {
        if (header is not { Length: > 0 and <= MaxHeaderLength })
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(header));
            using var entry = JsonDocument.Parse(_entry);
            var root = document.RootElement;
            if (root.GetProperty("x402Version").GetInt32() != Version || !JsonElement.DeepEquals(root.GetProperty("accepted"), entry.RootElement))
            {
                return null;
            }

            var payload = root.GetProperty("payload");
            var authorization = ReadAuthorization(payload.GetProperty("authorization"));
            return authorization is null ? null : (authorization, payload.GetProperty("signature").GetString() ?? "");
        }
        catch (Exception fault) when (fault is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private TransferAuthorization? ReadAuthorization(JsonElement element)
    {
        var isOurs = EvmAddress.TryParse(element.GetProperty("to").GetString(), out var to) && to == payTo
            && TokenAmount.TryParse(element.GetProperty("value").GetString(), out var value) && value == Price;
        var isReadable = EvmAddress.TryParse(element.GetProperty("from").GetString(), out var from)
            & Bytes32.TryParse(element.GetProperty("nonce").GetString(), out var nonce)
            & long.TryParse(element.GetProperty("validAfter").GetString(), out var after)
            & long.TryParse(element.GetProperty("validBefore").GetString(), out var before);
        return isOurs && isReadable
            ? new TransferAuthorization(new TransferTerms(token.Chain, token.Address, token.DomainName, token.DomainVersion, from, payTo, Price, after, before), nonce)
            : null;
    }

    private static string Entry(Asset token, EvmAddress payTo, TokenAmount price) =>
        $$"""{"scheme":"exact","network":"{{token.Chain}}","amount":"{{price}}","asset":"{{token.Address}}","payTo":"{{payTo}}","maxTimeoutSeconds":{{MaxTimeoutSeconds}},"extra":{"name":"{{token.DomainName}}","version":"{{token.DomainVersion}}"} }""";

    private static string Encode(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json));
}
