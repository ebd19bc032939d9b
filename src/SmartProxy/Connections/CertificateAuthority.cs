using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Connections;

/// <summary>
/// A certificate authority that agents trust: P-256, allowed to sign leaves only (<c>pathlen:0</c>), and where the operator says so only for
/// names below certain domains. <see cref="AuthorityFolder"/> keeps it on disk.
/// </summary>
/// <param name="certificate">With its private key.</param>
internal sealed class CertificateAuthority(X509Certificate2 certificate) : IDisposable
{
    /// <summary>How far behind ours the clock of an agent may be.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    private const int Years = 10;

    /// <summary>With its private key.</summary>
    public X509Certificate2 Certificate => certificate;

    /// <summary>SHA-256 of the certificate, in hex: what people compare.</summary>
    public string Fingerprint => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>From when on it signs leaves. It is valid a day longer, for agents whose clock is behind.</summary>
    public DateTimeOffset SignsFrom => new DateTimeOffset(certificate.NotBefore.ToUniversalTime()) + ClockTolerance;

    /// <summary>Makes an authority with a new key.</summary>
    /// <param name="signsFrom">From when on it signs; it is valid for ten years from then.</param>
    /// <param name="constraints">What it may sign for; null for everything.</param>
    public static CertificateAuthority Make(DateTimeOffset signsFrom, X509Extension? constraints)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedName($"CN=Smart Proxy CA {signsFrom.UtcDateTime:yyyy-MM-dd}, O=Smart Proxy");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (constraints is not null)
        {
            request.CertificateExtensions.Add(constraints);
        }

        return new CertificateAuthority(request.CreateSelfSigned(signsFrom - ClockTolerance, signsFrom.AddYears(Years)));
    }

    public void Dispose() => certificate.Dispose();
}
