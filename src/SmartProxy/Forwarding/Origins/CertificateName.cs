using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// Whether a certificate names a host (RFC 9525): only subject alternative names count, never the common name. A wildcard is a whole leftmost label,
/// stands for exactly one, and needs two more labels behind it.
/// </summary>
internal static class CertificateName
{
    public static bool Matches(X509Certificate2 certificate, string host)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (names is null)
        {
            return false;
        }

        return IPAddress.TryParse(host, out var address)
            ? names.EnumerateIPAddresses().Contains(address)
            : names.EnumerateDnsNames().Any(name => Matches(name, host));
    }

    private static bool Matches(string name, string host)
    {
        if (!name.StartsWith("*.", StringComparison.Ordinal))
        {
            return name.Equals(host, StringComparison.OrdinalIgnoreCase);
        }

        var dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && name.AsSpan(2).Contains('.') && name.AsSpan(1).Equals(host.AsSpan(dot), StringComparison.OrdinalIgnoreCase);
    }
}
