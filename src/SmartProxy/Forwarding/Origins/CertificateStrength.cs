using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// Whether keys and signatures of a chain are of today's strength: RSA from 2048 bits, elliptic curves from 256, Ed25519 and Ed448; signatures with
/// SHA-256 or more. What is not known to be good is not. The root is trusted for itself, so that its own signature does not count.
/// </summary>
internal static class CertificateStrength
{
    private const int MinimumRsaBits = 2048;
    private const int MinimumCurveBits = 256;

    private const string RsaKey = "1.2.840.113549.1.1.1";
    private const string CurveKey = "1.2.840.10045.2.1";
    private const string Ed25519 = "1.3.101.112";
    private const string Ed448 = "1.3.101.113";
    private const string RsaPss = "1.2.840.113549.1.1.10";

    private static readonly HashSet<string> StrongSignatures =
    [
        "1.2.840.113549.1.1.11", // SHA-256 with RSA
        "1.2.840.113549.1.1.12", // SHA-384 with RSA
        "1.2.840.113549.1.1.13", // SHA-512 with RSA
        "1.2.840.10045.4.3.2", // SHA-256 with ECDSA
        "1.2.840.10045.4.3.3", // SHA-384 with ECDSA
        "1.2.840.10045.4.3.4", // SHA-512 with ECDSA
        Ed25519,
        Ed448,
    ];

    private static readonly HashSet<string> StrongHashes =
    [
        "2.16.840.1.101.3.4.2.1", // SHA-256
        "2.16.840.1.101.3.4.2.2", // SHA-384
        "2.16.840.1.101.3.4.2.3", // SHA-512
    ];

    public static string? Objection(X509Chain chain)
    {
        for (var i = 0; i < chain.ChainElements.Count; i++)
        {
            var certificate = chain.ChainElements[i].Certificate;
            if (!HasStrongKey(certificate))
            {
                return "a key in its chain is too short, or of a kind that is not taken";
            }

            if (i < chain.ChainElements.Count - 1 && !HasStrongSignature(certificate))
            {
                return "a signature in its chain is of a broken kind (SHA-1 or older), or of one that is not known";
            }
        }

        return null;
    }

    public static bool HasStrongKey(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        using var curve = certificate.GetECDsaPublicKey();
        return certificate.PublicKey.Oid.Value switch
        {
            RsaKey => rsa?.KeySize >= MinimumRsaBits,
            CurveKey => curve?.KeySize >= MinimumCurveBits,
            Ed25519 or Ed448 => true,
            _ => false,
        };
    }

    /// <exception cref="AsnContentException">The certificate is damaged.</exception>
    public static bool HasStrongSignature(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value == RsaPss
        ? StrongHashes.Contains(HashOfPss(certificate) ?? "")
        : StrongSignatures.Contains(certificate.SignatureAlgorithm.Value ?? "");

    // RSASSA-PSS names its hash in its parameters (RFC 4055 3.1), which the framework does not show. Null is SHA-1.
    private static string? HashOfPss(X509Certificate2 certificate)
    {
        var fields = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence();
        fields.ReadEncodedValue();
        var algorithm = fields.ReadSequence();
        algorithm.ReadObjectIdentifier();
        var (parameters, hash) = (algorithm.HasData ? algorithm.ReadSequence() : null, new Asn1Tag(TagClass.ContextSpecific, 0));
        return parameters is { HasData: true } && parameters.PeekTag().HasSameClassAndValue(hash) ? parameters.ReadSequence(hash).ReadSequence().ReadObjectIdentifier() : null;
    }
}
