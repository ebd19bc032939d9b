using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Receipts;

/// <summary>
/// Checks a receipt with public keys alone. 1. The form. 2. The header, which may say nothing but ES256, a key id and the type. 3. The key,
/// by its thumbprint. 4. The signature. 5. The payload: its version, and that the key was valid when it was issued. 6. That the nonce
/// commits to the decision record.
/// </summary>
internal static class ReceiptVerifier
{
    /// <summary>The longest receipt, in characters.</summary>
    public const int MaxLength = 256 * 1024;

    private const int SignatureLength = 64;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <param name="jws">A compact JWS; white space around it is left out.</param>
    /// <param name="jwks">A JSON Web Key Set, such as <c>/.well-known/jwks.json</c>.</param>
    public static ReceiptVerification Verify(string jws, string jwks)
    {
        // 1
        var parts = jws.Length > MaxLength ? [] : jws.Trim().Split('.');
        if (parts.Length != 3
            || !StrictBase64Url.TryDecode(parts[0], out var header)
            || !StrictBase64Url.TryDecode(parts[1], out var payload)
            || !StrictBase64Url.TryDecode(parts[2], out var signature)
            || signature.Length != SignatureLength)
        {
            return Refused(ReceiptFlaw.NotAReceipt, "expected three base64url parts joined by points, the last of 64 bytes");
        }

        // 2
        if (KidOf(header) is not { } kid)
        {
            return Refused(ReceiptFlaw.BadHeader, $"expected a header of `alg` ES256, `kid` and `typ` {JwsSigner.Type}, and nothing else");
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
        if (!IsSignedBy(key, $"{parts[0]}.{parts[1]}", signature))
        {
            return Refused(ReceiptFlaw.BadSignature, "the signature doesn't match: the receipt was changed, or made by somebody else");
        }

        return JudgePayload(payload, key);
    }

    private static ReceiptVerification JudgePayload(byte[] payload, ReceiptJwk key)
    {
        // 5
        if (ReadPayload(payload) is not var (id, issuedAt, record, nonce))
        {
            return Refused(ReceiptFlaw.BadPayload, $"expected a receipt of version {Receipt.Version} with `id` and `issuedAt`");
        }

        if (!key.IsValidAt(issuedAt))
        {
            return Refused(ReceiptFlaw.KeyNotValidThen, $"the key `{key.Kid}` wasn't in use when the receipt says it was issued");
        }

        // 6
        if (record is null != nonce is null || (record is not null && Bytes32.Keccak256(Encoding.UTF8.GetBytes(record)).ToString() != nonce))
        {
            return Refused(ReceiptFlaw.NonceMismatch, "the payment's nonce doesn't commit to the decision record");
        }

        return new ReceiptVerification.Genuine(id, key.Kid, Encoding.UTF8.GetString(payload));
    }

    private static string? KidOf(byte[] header)
    {
        try
        {
            using var document = JsonDocument.Parse(header, Strict);
            var root = document.RootElement;
            var isOurs = root.ValueKind == JsonValueKind.Object
                && root.EnumerateObject().Count() == 3
                && Text(root, "alg") == JwsSigner.Algorithm
                && Text(root, "typ") == JwsSigner.Type;
            return isOurs ? Text(root, "kid") : null;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsSignedBy(ReceiptJwk key, string input, byte[] signature)
    {
        try
        {
            using var verifier = key.ToVerifier();
            return verifier.VerifyData(
                Encoding.ASCII.GetBytes(input), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false; // The point isn't on the curve.
        }
    }

    private static (string Id, DateTimeOffset IssuedAt, string? Record, string? Nonce)? ReadPayload(byte[] payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload, Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("v", out var version) || !version.TryGetInt32(out var number) || number != Receipt.Version
                || Text(root, "id") is not { } id || !id.StartsWith(Receipt.IdPrefix, StringComparison.Ordinal)
                || !DateTimeOffset.TryParseExact(
                    Text(root, "issuedAt"), Receipt.TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var issuedAt))
            {
                return null;
            }

            var payment = root.TryGetProperty("payment", out var member) && member.ValueKind == JsonValueKind.Object ? member : default(JsonElement?);
            return (id, issuedAt, Text(root, "decisionRecord"), payment is { } paid ? Text(paid, "nonce") : null);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    private static ReceiptVerification.Refused Refused(ReceiptFlaw flaw, string message) => new(flaw, message);
}
