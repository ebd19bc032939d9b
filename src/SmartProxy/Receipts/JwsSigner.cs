using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SmartProxy.Receipts;

/// <summary>
/// Signs payloads as compact JWS (RFC 7515 7.1) with ES256 (RFC 7518 3.4): the signature is r ‖ s, 64 bytes, not DER.
/// </summary>
internal sealed class JwsSigner(ECDsa key, string kid)
{
    public const string Algorithm = "ES256";

    /// <summary>The type of a receipt. Another kind of document has another, so that none passes for a receipt.</summary>
    public const string Type = "smart-proxy-receipt+jws";

    private readonly Lock _gate = new();

    public string Kid => kid;

    /// <param name="payload">What is signed.</param>
    /// <param name="type">What it is: the header's <c>typ</c>.</param>
    public string Sign(ReadOnlySpan<byte> payload, string type = Type)
    {
        var header = Encoding.ASCII.GetBytes($$"""{"alg":"{{Algorithm}}","kid":"{{kid}}","typ":"{{type}}"}""");
        var input = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
        byte[] signature;
        lock (_gate)
        {
            signature = key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }

    public override string ToString() => $"JwsSigner {kid} (key hidden)";
}
