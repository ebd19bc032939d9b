using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using SmartProxy.Protocol.Json;

namespace SmartProxy.Protocol.X402.Papers;

/// <summary>Reads a paper in JWS form: compact (RFC 7515 7.1), EdDSA or ES256, its key named by a DID URL. A key in the header (<c>jwk</c>) proves nothing and is left out.</summary>
internal static class PaperJws
{
    private const int MaxLength = 16 * 1024;
    private const int SignatureLength = 64;

    /// <summary>Null when it is none, or signed by an algorithm that is not of this extension.</summary>
    public static (JsonElement Payload, PaperProof Proof)? Read(string jws)
    {
        var parts = jws.Length > MaxLength ? [] : jws.Split('.');
        if (parts.Length != 3 || Decode(parts[0]) is not { } header || Decode(parts[1]) is not { } payload || Decode(parts[2]) is not { Length: SignatureLength } signature)
        {
            return null;
        }

        using var head = Parse(header);
        using var body = Parse(payload);
        if (head is null || body is null || Text(head.RootElement, "alg") is not ("EdDSA" or "ES256") || Text(head.RootElement, "kid") is not { } kid || head.RootElement.TryGetProperty("crit", out _))
        {
            return null;
        }

        var isEd25519 = Text(head.RootElement, "alg") == "EdDSA";
        var input = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        return (body.RootElement.Clone(), PaperKeys.Of(kid) is { } key && key.IsEd25519 == isEd25519 ? new PaperProof.Keyed(kid, key, input, signature) : new PaperProof.Elsewhere(kid));
    }

    internal static byte[]? Decode(string text)
    {
        var isValid = Base64Url.IsValid(text);
        var bytes = isValid ? Base64Url.DecodeFromChars(text) : [];
        return isValid && Base64Url.EncodeToString(bytes) == text ? bytes : null;
    }

    internal static JsonDocument? Parse(byte[] json)
    {
        StrictJson.TryParse(json, out var document);
        return document;
    }

    internal static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) && member.ValueKind is JsonValueKind.String ? member.GetString() : null;
}
