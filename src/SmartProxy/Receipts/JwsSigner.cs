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
    public const string Type = "smart-proxy-receipt+jws";

    private readonly Lock _gate = new();
    private readonly string _header = Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"alg":"{{Algorithm}}","kid":"{{kid}}","typ":"{{Type}}"}"""));

    public string Kid => kid;

    public string Sign(ReadOnlySpan<byte> payload)
    {
        var input = $"{_header}.{Base64Url.EncodeToString(payload)}";
        byte[] signature;
        lock (_gate)
        {
            signature = key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }

    public override string ToString() => $"JwsSigner {kid} (key hidden)";
}
