using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Tests.Network;

/// <summary>What a test says about a certificate; the rest is as a good one for <c>origin.test</c> has it.</summary>
internal sealed record CertificateSpec
{
    public static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    public string Subject { get; init; } = "CN=origin.test";

    public IReadOnlyList<string> Names { get; init; } = ["origin.test"];

    public IReadOnlyList<string> Addresses { get; init; } = [];

    public DateTimeOffset From { get; init; } = Now.AddDays(-2);

    public DateTimeOffset Until { get; init; } = Now.AddDays(30);

    public bool IsAuthority { get; init; }

    public int? PathLength { get; init; }

    public X509KeyUsageFlags Usage { get; init; } = X509KeyUsageFlags.DigitalSignature;

    /// <summary>The extended key usage; null for a certificate without one.</summary>
    public string? Purpose { get; init; } = "1.3.6.1.5.5.7.3.1";

    public int RsaBits { get; init; } = 2048;

    /// <summary>A signature that nobody should believe any more; null for a good one.</summary>
    public BrokenSignature? Signature { get; init; }

    public X509Extension? More { get; init; }

    public static CertificateSpec Authority(string name) => new()
    {
        Subject = "CN=" + name,
        Names = [],
        IsAuthority = true,
        Usage = X509KeyUsageFlags.KeyCertSign,
        Purpose = null,
    };
}

/// <summary>A kind of signature by RSA that is of yesterday.</summary>
/// <param name="Algorithm">Its identifier, in DER.</param>
internal sealed record BrokenSignature(IReadOnlyList<byte> Algorithm, HashAlgorithmName Hash, RSASignaturePadding Padding)
{
    public static readonly BrokenSignature Md5 = new([0x30, 0x0d, 0x06, 0x09, .. Pkcs1, 4, 0x05, 0x00], HashAlgorithmName.MD5, RSASignaturePadding.Pkcs1);

    public static readonly BrokenSignature Sha1 = new([0x30, 0x0d, 0x06, 0x09, .. Pkcs1, 5, 0x05, 0x00], HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

    /// <summary>SHA-1 under its name of 1991 (1.3.14.3.2.29).</summary>
    public static readonly BrokenSignature OldSha1 = new([0x30, 0x09, 0x06, 0x05, 0x2b, 14, 3, 2, 29, 0x05, 0x00], HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

    /// <summary>RSASSA-PSS whose parameters say nothing: SHA-1 (RFC 4055 3.1).</summary>
    public static readonly BrokenSignature SilentPss = new([0x30, 0x0d, 0x06, 0x09, .. Pkcs1, 10, 0x30, 0x00], HashAlgorithmName.SHA1, RSASignaturePadding.Pss);

    private static ReadOnlySpan<byte> Pkcs1 => [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
}

/// <summary>Issues good and bad certificates. Unlike the framework's own request it refuses nothing.</summary>
internal static class TestPki
{
    private static readonly ConcurrentDictionary<int, RSA> LeafKeys = [];
    private static int _serial;

    /// <summary>Issues by <paramref name="issuer"/>, or by itself.</summary>
    public static X509Certificate2 Issue(CertificateSpec spec, X509Certificate2? issuer = null)
    {
        // Making a key takes longer than anything else here, and leaves may share one.
        var key = spec.IsAuthority ? RSA.Create(spec.RsaBits) : LeafKeys.GetOrAdd(spec.RsaBits, RSA.Create);
        var request = new CertificateRequest(spec.Subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(spec.IsAuthority, spec.PathLength is not null, spec.PathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(spec.Usage, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (spec.Purpose is { } purpose)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        }

        if (spec.Names.Count + spec.Addresses.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            spec.Names.ToList().ForEach(names.AddDnsName);
            spec.Addresses.ToList().ForEach(address => names.AddIpAddress(IPAddress.Parse(address)));
            request.CertificateExtensions.Add(names.Build());
        }

        if (spec.More is { } more)
        {
            request.CertificateExtensions.Add(more);
        }

        var signingKey = issuer?.GetRSAPrivateKey() ?? key;
        var signer = spec.Signature is { } broken ? new BrokenSigner(signingKey, broken) : X509SignatureGenerator.CreateForRSA(signingKey, RSASignaturePadding.Pkcs1);
        byte[] serial = [1, 0, 0, (byte)(Interlocked.Increment(ref _serial) >> 8), (byte)(_serial & 0xff)];
        return request.Create(issuer?.SubjectName ?? request.SubjectName, signer, spec.From, spec.Until, serial).CopyWithPrivateKey(key);
    }

    /// <summary>Signs truly, with what the framework does not issue any more.</summary>
    private sealed class BrokenSigner(RSA key, BrokenSignature signature) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => [.. signature.Algorithm];

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignData(data, signature.Hash, signature.Padding);

        protected override PublicKey BuildPublicKey() => new(key);
    }
}
