using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// Whether keys and signatures of a chain are of today's strength: RSA from 2048 bits, elliptic curves from 256, signatures with SHA-2. The root is
/// trusted for itself, so that its own signature does not count.
/// </summary>
internal static class CertificateStrength
{
    private const int MinimumRsaBits = 2048;
    private const int MinimumCurveBits = 256;

    private static readonly HashSet<string> WeakSignatures =
    [
        "1.2.840.113549.1.1.2", // MD2 with RSA
        "1.2.840.113549.1.1.4", // MD5 with RSA
        "1.2.840.113549.1.1.5", // SHA-1 with RSA
        "1.2.840.10045.4.1", // SHA-1 with ECDSA
        "1.2.840.10040.4.3", // SHA-1 with DSA
    ];

    public static string? Objection(X509Chain chain)
    {
        for (var i = 0; i < chain.ChainElements.Count; i++)
        {
            var certificate = chain.ChainElements[i].Certificate;
            if (HasWeakKey(certificate))
            {
                return "a key in its chain is too short";
            }

            if (i < chain.ChainElements.Count - 1 && WeakSignatures.Contains(certificate.SignatureAlgorithm.Value!))
            {
                return "a signature in its chain is of a broken kind (SHA-1 or older)";
            }
        }

        return null;
    }

    private static bool HasWeakKey(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        using var curve = certificate.GetECDsaPublicKey();
        return rsa?.KeySize < MinimumRsaBits || curve?.KeySize < MinimumCurveBits;
    }
}
