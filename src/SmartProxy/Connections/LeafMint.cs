using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// Leaf certificates for intercepted hosts, minted only after the policy allowed the host. One key for all of them; each has exactly one name,
/// so that clients do not share an HTTP/2 connection between hosts. What is kept is the TLS context with its resumption tickets.
/// </summary>
internal sealed class LeafMint : IDisposable
{
    /// <summary>Far below the 199 days that strict clients accept; renewal is cheap.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(2);
    private const int CommonNameLength = 64;

    private readonly Authorities _authorities;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Lock _gate = new();
    private readonly RecentlyUsed<HostName, Leaf> _leaves;

    public LeafMint(Authorities authorities, IRandomSource random, TimeProvider time, IOptions<ConnectionOptions> options)
    {
        (_authorities, _random, _time) = (authorities, random, time);
        _leaves = new RecentlyUsed<HostName, Leaf>(options.Value.LeafCertificates);

        // The first signature in a process costs a hundred times the second; no agent should wait for it.
        if (HostName.TryParse("warm-up.invalid", out var host))
        {
            _ = Mint(host, authorities.Signer);
        }
    }

    /// <summary>How many leaves are kept.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _leaves.Count;
            }
        }
    }

    /// <summary>The context for a host; minted once even when many connections ask at the same time.</summary>
    /// <param name="host">Whose name the certificate has.</param>
    /// <param name="agent">Who asks; the default is ourselves.</param>
    public SslStreamCertificateContext For(HostName host, AgentId agent = default)
    {
        var signer = _authorities.Signer;
        Leaf leaf;
        lock (_gate)
        {
            leaf = Find(host, signer) ?? Add(host, signer, agent);
        }

        return leaf.Context.Value;
    }

    public X509Certificate2 Mint(HostName host, CertificateAuthority signer)
    {
        var name = host.Value.Length <= CommonNameLength ? host.Value : "Smart Proxy leaf";
        var request = new CertificateRequest(new X500DistinguishedName($"CN={name}"), _key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (host.IsAddress)
        {
            names.AddIpAddress(IPAddress.Parse(host.Value));
        }
        else
        {
            names.AddDnsName(host.Value);
        }

        var authority = signer.Certificate;
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));

        var now = _time.GetUtcNow();
        var from = Later(now - CertificateAuthority.ClockTolerance, authority.NotBefore);
        var until = Earlier(now + Lifetime, authority.NotAfter);
        using var leaf = request.Create(authority, from, until, NewSerial());
        return leaf.CopyWithPrivateKey(_key);
    }

    public void Dispose() => _key.Dispose();

    // A leaf of an authority that does not sign any more is as good as none.
    private Leaf? Find(HostName host, CertificateAuthority signer)
    {
        if (!_leaves.TryFind(host, out var leaf))
        {
            return null;
        }

        if (leaf.RenewAt > _time.GetUtcNow() && leaf.Signer == signer)
        {
            return leaf;
        }

        _leaves.Remove(host);
        return null;
    }

    private Leaf Add(HostName host, CertificateAuthority signer, AgentId agent)
    {
        var context = new Lazy<SslStreamCertificateContext>(() => SslStreamCertificateContext.Create(Mint(host, signer), additionalCertificates: null, offline: true));
        var leaf = new Leaf(signer, _time.GetUtcNow() + Lifetime - RenewBefore, context);
        _leaves.Add(agent, host, leaf);
        return leaf;
    }

    // 128 random bits, positive and not zero.
    private byte[] NewSerial()
    {
        var serial = new byte[16];
        _random.Fill(serial);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    private sealed record Leaf(CertificateAuthority Signer, DateTimeOffset RenewAt, Lazy<SslStreamCertificateContext> Context);
}
