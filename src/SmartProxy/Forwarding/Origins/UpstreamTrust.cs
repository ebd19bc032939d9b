using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// Which certificates of origins are believed: chains to the system's roots and to the operator's, for exactly the host that was asked for, and of
/// today's strength. No request can change it. Nothing is fetched for it, neither missing intermediates nor revocation lists: their addresses stand in
/// the certificate, and whoever wrote that would have us dial them.
/// </summary>
internal sealed class UpstreamTrust
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection _roots;

    /// <param name="extraCaFile">A PEM file of roots in addition to the system's, or null.</param>
    /// <exception cref="InvalidDataException">The file is missing, unreadable or holds no certificate.</exception>
    public UpstreamTrust(string? extraCaFile) => _roots = string.IsNullOrEmpty(extraCaFile) ? [] : Load(extraCaFile);

    /// <summary>How the first chain is built, the one that ends in the system's roots.</summary>
    public static X509ChainPolicy SystemPolicy() => Strict(new X509ChainPolicy());

    /// <summary>For the TLS client. Returns true or throws: the sentence says to the agent what a <c>false</c> could not.</summary>
    /// <exception cref="UpstreamTrustException">The certificate is not believed.</exception>
    public bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var host = ((SslStream)sender).TargetHostName;
        var objection = certificate is not X509Certificate2 leaf || chain is null ? "it sent none"
            : !CertificateName.Matches(leaf, host) ? $"it is not one for `{host}`"
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? ObjectionByOwnRoots(leaf, chain)
            : CertificateStrength.Objection(chain);
        return objection is null ? true : throw new UpstreamTrustException(objection);
    }

    private string? ObjectionByOwnRoots(X509Certificate2 leaf, X509Chain presented)
    {
        if (_roots.Count == 0)
        {
            return Words(presented);
        }

        using var chain = new X509Chain { ChainPolicy = Strict(new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust }) };
        chain.ChainPolicy.CustomTrustStore.AddRange(_roots);
        chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        return chain.Build(leaf) ? CertificateStrength.Objection(chain) : Words(chain);
    }

    private static X509ChainPolicy Strict(X509ChainPolicy policy)
    {
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        return policy;
    }

    private static string Words(X509Chain chain)
    {
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, one) => all | one.Status);
        return status.HasFlag(X509ChainStatusFlags.NotTimeValid) ? "it, or one above it, has expired or is not valid yet"
            : status.HasFlag(X509ChainStatusFlags.NotValidForUsage) ? "it is not meant for servers"
            : (status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0 ? "no trusted root leads to it"
            : (status & (X509ChainStatusFlags.HasNotPermittedNameConstraint | X509ChainStatusFlags.HasExcludedNameConstraint)) != 0 ? "its issuer may not sign for this name"
            : $"it breaks the rules of certificates ({status})";
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

/// <summary>Why an origin's certificate is not believed, as the end of a sentence that begins with it.</summary>
internal sealed class UpstreamTrustException(string objection) : AuthenticationException(objection);
