using System.Text.Json;

namespace SmartProxy.Protocol.X402.Papers;

/// <summary>
/// A paper that a seller signed (x402 extension <c>offer-receipt</c>): an offer in a 402, or a receipt beside a settlement. Read within bounds and
/// never validated against the schema that the seller sends along.
/// </summary>
/// <param name="Payload">What was signed, as members that are text or whole numbers.</param>
/// <param name="Proof">How it was signed.</param>
/// <param name="Text">The paper as it came.</param>
public sealed record SignedPaper(JsonElement Payload, PaperProof Proof, string Text)
{
    /// <summary>The most offers of one 402 that are looked at.</summary>
    public const int MaxOffers = 64;

    private const string Extension = "offer-receipt";

    /// <summary>The offers in the <c>extensions</c> of a 402; null when the extension is not there. One that can't be read is null in the list.</summary>
    /// <param name="extensions">The member as raw JSON, or null.</param>
    public static IReadOnlyList<SignedPaper?>? Offers(string? extensions)
    {
        using var document = extensions is null ? null : JsonDocument.Parse(extensions);
        return document is not null && Info(document.RootElement) is { } info
            ? info.TryGetProperty("offers", out var offers) && offers.ValueKind is JsonValueKind.Array
                ? [.. offers.EnumerateArray().Take(MaxOffers).Select(offer => Read(offer, isOffer: true))]
                : []
            : null;
    }

    /// <summary>Reads the receipt beside a settlement.</summary>
    /// <param name="headerValues">Every field line of a header, in order; empty when absent.</param>
    /// <param name="text">The paper as it came; null when there is none.</param>
    /// <returns>Null when there is none, or when it can't be read.</returns>
    public static SignedPaper? Receipt(Func<string, IReadOnlyList<string>> headerValues, out string? text)
    {
        text = null;
        using var document = SettlementReader.Document(headerValues);
        if (document is null || !document.RootElement.TryGetProperty("extensions", out var extensions)
            || Info(extensions) is not { } info || !info.TryGetProperty("receipt", out var receipt))
        {
            return null;
        }

        text = receipt.GetRawText();
        return Read(receipt, isOffer: false);
    }

    /// <summary>A text member of what was signed; null where it is absent or no text.</summary>
    public string? Member(string name) => Payload.TryGetProperty(name, out var member) && member.ValueKind is JsonValueKind.String ? member.GetString() : null;

    /// <summary>A whole number of what was signed, 0 when it is absent; null for anything else.</summary>
    public long? Number(string name) => !Payload.TryGetProperty(name, out var member) ? 0 : member.ValueKind is JsonValueKind.Number && member.TryGetInt64(out var number) && number >= 0 ? number : null;

    private static JsonElement? Info(JsonElement extensions) =>
        extensions.ValueKind is JsonValueKind.Object
        && extensions.TryGetProperty(Extension, out var extension) && extension.ValueKind is JsonValueKind.Object
        && extension.TryGetProperty("info", out var info) && info.ValueKind is JsonValueKind.Object
            ? info
            : null;

    private static SignedPaper? Read(JsonElement paper, bool isOffer)
    {
        if (paper.ValueKind is not JsonValueKind.Object
            || !paper.TryGetProperty("signature", out var signature) || signature.ValueKind is not JsonValueKind.String
            || !paper.TryGetProperty("format", out var format) || format.ValueKind is not JsonValueKind.String)
        {
            return null;
        }

        return format.GetString() switch
        {
            "eip712" => ReadTyped(paper, signature.GetString()!, isOffer),
            "jws" => PaperJws.Read(signature.GetString()!) is var (payload, proof) ? new SignedPaper(payload, proof, paper.GetRawText()) : null,
            _ => null,
        };
    }

    private static SignedPaper? ReadTyped(JsonElement paper, string signature, bool isOffer)
    {
        if (!paper.TryGetProperty("payload", out var payload) || payload.ValueKind is not JsonValueKind.Object)
        {
            return null;
        }

        var read = new SignedPaper(payload.Clone(), new PaperProof.Recoverable(default, signature), paper.GetRawText());
        return (isOffer ? PaperDigest.OfOffer(read) : PaperDigest.OfReceipt(read)) is { } digest ? read with { Proof = new PaperProof.Recoverable(digest, signature) } : null;
    }
}

/// <summary>How a paper was signed.</summary>
public abstract record PaperProof
{
    private PaperProof()
    {
    }

    /// <summary>EIP-712: the signer is recovered.</summary>
    /// <param name="Digest">What was signed.</param>
    /// <param name="Signature"><c>0x</c> and 130 hex digits.</param>
    public sealed record Recoverable(Bytes32 Digest, string Signature) : PaperProof;

    /// <summary>JWS (RFC 7515) by a key that its id holds (<c>did:key</c>, <c>did:jwk</c>).</summary>
    /// <param name="KeyId">The id.</param>
    /// <param name="Key">The key.</param>
    /// <param name="Input">The bytes that were signed.</param>
    /// <param name="Signature">64 bytes.</param>
    public sealed record Keyed(string KeyId, PaperKey Key, byte[] Input, byte[] Signature) : PaperProof;

    /// <summary>JWS by a key that would have to be fetched; nothing is fetched on behalf of a seller.</summary>
    /// <param name="KeyId">The id.</param>
    public sealed record Elsewhere(string KeyId) : PaperProof;
}

/// <summary>A public key: 32 bytes of Ed25519, or X and Y of P-256.</summary>
/// <param name="IsEd25519">Which of the two.</param>
/// <param name="X">The key, or the point's X.</param>
/// <param name="Y">The point's Y; empty for Ed25519.</param>
public sealed record PaperKey(bool IsEd25519, byte[] X, byte[] Y);
