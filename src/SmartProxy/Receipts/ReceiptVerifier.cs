using System.Text;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Receipts;

/// <summary>Checks a receipt with public keys alone: as <see cref="JwsVerifier"/> does, and that the nonce commits to the decision record.</summary>
internal static class ReceiptVerifier
{
    /// <summary>The longest receipt, in characters.</summary>
    public const int MaxLength = 256 * 1024;

    /// <param name="jws">A compact JWS; white space around it is left out.</param>
    /// <param name="jwks">A JSON Web Key Set, such as <c>/.well-known/jwks.json</c>.</param>
    public static ReceiptVerification Verify(string jws, string jwks) => JwsVerifier.Read(jws, jwks, JwsSigner.Type, MaxLength) switch
    {
        JwsReading.Signed signed => JudgePayload(signed.Payload, signed.Key),
        JwsReading.Unsigned unsigned => unsigned.Why,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static ReceiptVerification JudgePayload(byte[] payload, ReceiptJwk key)
    {
        using var document = JwsVerifier.Parse(payload);
        if (document?.RootElement is not { } root
            || JwsVerifier.IssuedAt(root, Receipt.Version) is not { } issuedAt
            || JwsVerifier.Text(root, "id") is not { } id || !id.StartsWith(ReceiptId.Prefix, StringComparison.Ordinal))
        {
            return new ReceiptVerification.Refused(ReceiptFlaw.BadPayload, $"expected a receipt of version {Receipt.Version} with `id` and `issuedAt`");
        }

        if (JwsVerifier.Lateness(key, issuedAt) is { } late)
        {
            return late;
        }

        var payment = root.TryGetProperty("payment", out var member) && member.ValueKind == JsonValueKind.Object ? member : default(JsonElement?);
        var (record, nonce) = (JwsVerifier.Text(root, "decisionRecord"), payment is { } paid ? JwsVerifier.Text(paid, "nonce") : null);
        return record is null != nonce is null || (record is not null && Bytes32.Keccak256(Encoding.UTF8.GetBytes(record)).ToString() != nonce)
            ? new ReceiptVerification.Refused(ReceiptFlaw.NonceMismatch, "the payment's nonce doesn't commit to the decision record")
            : new ReceiptVerification.Genuine(id, key.Kid, Encoding.UTF8.GetString(payload));
    }
}
