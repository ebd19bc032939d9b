using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SmartProxy.Receipts;

/// <summary>
/// Checks what we sign, with public keys alone. 1. The form. 2. The header, which may say nothing but ES256, a key id and the type. 3. The key,
/// by its thumbprint. 4. The signature. 5. That the key was in use at the time that the payload gives as <c>issuedAt</c>.
/// </summary>
internal static class JwsVerifier
{
    private const int SignatureLength = 64;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <param name="jws">A compact JWS; white space around it is left out.</param>
    /// <param name="jwks">A JSON Web Key Set, such as <c>/.well-known/jwks.json</c>.</param>
    /// <param name="type">The media type that the header has to name.</param>
    /// <param name="maxLength">The longest text, in characters.</param>
    public static JwsReading Read(string jws, string jwks, string type, int maxLength)
    {
        // 1
        var parts = jws.Length > maxLength ? [] : jws.Trim().Split('.');
        if (parts.Length != 3
            || !StrictBase64Url.TryDecode(parts[0], out var header)
            || !StrictBase64Url.TryDecode(parts[1], out var payload)
            || !StrictBase64Url.TryDecode(parts[2], out var signature)
            || signature.Length != SignatureLength)
        {
            return Refused(ReceiptFlaw.NotAReceipt, "expected three base64url parts joined by points, the last of 64 bytes");
        }

        // 2
        if (KidOf(header, type) is not { } kid)
        {
            return Refused(ReceiptFlaw.BadHeader, $"expected a header of `alg` ES256, `kid` and `typ` {type}, and nothing else");
        }

        // 3
        if (!JwkSet.TryRead(jwks, out var keys))
        {
            return Refused(ReceiptFlaw.BadKeySet, "expected the key set to be a JSON object with an array `keys`");
        }

        if (keys.FirstOrDefault(candidate => candidate.Kid == kid) is not { } key)
        {
            return Refused(ReceiptFlaw.UnknownKey, $"the key set has no valid P-256 key `{kid}`");
        }

        // 4
        return IsSignedBy(key, $"{parts[0]}.{parts[1]}", signature)
            ? new JwsReading.Signed(payload, key)
            : Refused(ReceiptFlaw.BadSignature, "the signature doesn't match: it was changed, or made by somebody else");
    }

    /// <summary>(5): why the key does not speak for the payload; null when it does.</summary>
    public static ReceiptVerification.Refused? Lateness(ReceiptJwk key, DateTimeOffset issuedAt) =>
        key.IsValidAt(issuedAt) ? null : new(ReceiptFlaw.KeyNotValidThen, $"the key `{key.Kid}` wasn't in use when it says that it was issued");

    /// <summary>The payload as one JSON object; null when it is none.</summary>
    public static JsonDocument? Parse(byte[] payload)
    {
        try
        {
            var document = JsonDocument.Parse(payload, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
        }
        catch (JsonException)
        {
            // Said by the caller.
        }

        return null;
    }

    /// <summary>A member that is text, or null.</summary>
    public static string? Text(JsonElement element, string name)
    {
        try
        {
            return element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // an escape that is half a character
        }
    }

    /// <summary>Whether the payload is of this version, and when it was issued; null for anything else.</summary>
    public static DateTimeOffset? IssuedAt(JsonElement root, int version) =>
        root.TryGetProperty("v", out var member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out var number) && number == version
        && DateTimeOffset.TryParseExact(Text(root, "issuedAt"), Receipt.TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var issuedAt)
            ? issuedAt
            : null;

    private static string? KidOf(byte[] header, string type)
    {
        using var document = Parse(header);
        return document?.RootElement is { } root && root.EnumerateObject().Count() == 3 && Text(root, "alg") == JwsSigner.Algorithm && Text(root, "typ") == type
            ? Text(root, "kid")
            : null;
    }

    private static bool IsSignedBy(ReceiptJwk key, string input, byte[] signature)
    {
        try
        {
            using var verifier = key.ToVerifier();
            return verifier.VerifyData(Encoding.ASCII.GetBytes(input), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false; // The point isn't on the curve.
        }
    }

    private static JwsReading.Unsigned Refused(ReceiptFlaw flaw, string message) => new(new ReceiptVerification.Refused(flaw, message));
}

/// <summary>What became of reading a JWS.</summary>
internal abstract record JwsReading
{
    private JwsReading()
    {
    }

    /// <param name="Payload">Its bytes.</param>
    /// <param name="Key">Which key signed it.</param>
    public sealed record Signed(byte[] Payload, ReceiptJwk Key) : JwsReading;

    /// <param name="Why">What is wrong.</param>
    public sealed record Unsigned(ReceiptVerification.Refused Why) : JwsReading;
}
