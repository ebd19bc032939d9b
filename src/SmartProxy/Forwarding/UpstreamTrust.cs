using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Forwarding;

/// <summary>Which certificates of origins are believed: the system's roots, and the operator's in addition. No request can change it.</summary>
internal static class UpstreamTrust
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>A callback that also accepts chains that end in <paramref name="extraCaFile"/>; null without such a file.</summary>
    /// <exception cref="InvalidDataException">The file is missing, unreadable or holds no certificate.</exception>
    public static RemoteCertificateValidationCallback? Including(string? extraCaFile)
    {
        if (string.IsNullOrEmpty(extraCaFile))
        {
            return null;
        }

        var roots = Load(extraCaFile);
        return (_, certificate, chain, errors) =>
            errors == SslPolicyErrors.None
            || (errors == SslPolicyErrors.RemoteCertificateChainErrors && certificate is X509Certificate2 leaf && EndsIn(roots, leaf, chain));
    }

    private static bool EndsIn(X509Certificate2Collection roots, X509Certificate2 leaf, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }

        return chain.Build(leaf);
    }

    private static X509Certificate2Collection Load(string file)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException($"SmartProxy:Upstream:ExtraCaFile: expected a readable PEM file, found `{file}`: {e.Message}", e);
        }

        return roots.Count > 0
            ? roots
            : throw new InvalidDataException($"SmartProxy:Upstream:ExtraCaFile: expected certificates in PEM, found none in `{file}`");
    }
}
