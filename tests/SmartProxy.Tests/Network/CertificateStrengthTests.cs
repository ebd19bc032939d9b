using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SmartProxy.Forwarding.Origins;

namespace SmartProxy.Tests.Network;

/// <summary>Which signatures and keys are of today's strength: what is not known to be good is not.</summary>
public sealed class CertificateStrengthTests
{
    private const string RsaWithSha256 = "1.2.840.113549.1.1.11";
    private const string RsaPss = "1.2.840.113549.1.1.10";

    private static readonly RSA RootKey = RSA.Create(2048);
    private static readonly PublicKey LeafKey = new(RSA.Create(2048));

    /// <summary>The algorithm, in a PSS signature its parameters' hash, and whether it is taken.</summary>
    public static TheoryData<string, string?, bool> Signatures => new()
    {
        { RsaWithSha256, null, true },
        { "1.2.840.113549.1.1.12", null, true },
        { "1.2.840.113549.1.1.13", null, true },
        { "1.2.840.10045.4.3.2", null, true },
        { "1.2.840.10045.4.3.3", null, true },
        { "1.2.840.10045.4.3.4", null, true },
        { "1.3.101.112", null, true },
        { "1.3.101.113", null, true },
        { "1.2.840.113549.1.1.2", null, false }, // MD2
        { "1.2.840.113549.1.1.3", null, false }, // MD4
        { "1.2.840.113549.1.1.4", null, false }, // MD5
        { "1.2.840.113549.1.1.5", null, false }, // SHA-1
        { "1.3.14.3.2.29", null, false }, // SHA-1 under its name of 1991
        { "1.3.14.3.2.3", null, false }, // MD5 under its own
        { "1.3.36.3.3.1.2", null, false }, // RIPEMD-160
        { "1.2.840.10045.4.1", null, false }, // ECDSA with SHA-1
        { "1.2.840.10040.4.3", null, false }, // DSA with SHA-1
        { "2.16.840.1.101.3.4.3.2", null, false }, // DSA with SHA-256
        { "1.3.6.1.4.1.99999.1", null, false }, // one that nobody knows
        { RsaPss, null, false }, // without parameters: SHA-1 (RFC 4055 3.1)
        { RsaPss, "1.3.14.3.2.26", false }, // SHA-1, said
        { RsaPss, "1.2.840.113549.2.5", false }, // MD5
        { RsaPss, "2.16.840.1.101.3.4.2.1", true },
        { RsaPss, "2.16.840.1.101.3.4.2.2", true },
        { RsaPss, "2.16.840.1.101.3.4.2.3", true },
    };

    [Theory, MemberData(nameof(Signatures))]
    public void A_signature_is_taken_only_when_it_is_known_to_be_good(string algorithm, string? hash, bool isTaken)
    {
        using var leaf = Issue(new CertificateRequest(new X500DistinguishedName("CN=leaf"), LeafKey, HashAlgorithmName.SHA256), new NamedSigner(algorithm, hash));

        Assert.Equal(isTaken, CertificateStrength.HasStrongSignature(leaf));
    }

    /// <summary>Elliptic curves by name.</summary>
    [Theory]
    [InlineData("nistP256", true)]
    [InlineData("nistP384", true)]
    [InlineData("nistP521", true)]
    [InlineData("secp224r1", false)]
    public void A_curve_has_256_bits_or_more(string curve, bool isTaken)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));

        AssertKey(isTaken, new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256));
    }

    [Theory]
    [InlineData(1024, false)]
    [InlineData(2040, false)]
    [InlineData(2048, true)]
    public void An_RSA_key_has_2048_bits_or_more(int bits, bool isTaken)
    {
        using var key = RSA.Create(bits);

        AssertKey(isTaken, new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Theory]
    [InlineData("1.3.101.112", true)] // Ed25519
    [InlineData("1.3.101.113", true)] // Ed448
    [InlineData("1.2.840.10040.4.1", false)] // DSA
    [InlineData("1.3.6.1.4.1.99999.1", false)]
    public void A_key_of_another_kind_is_taken_only_when_it_is_known(string algorithm, bool isTaken) =>
        AssertKey(isTaken, new CertificateRequest(new X500DistinguishedName("CN=leaf"), new PublicKey(new Oid(algorithm), null, new AsnEncodedData(new byte[32])), HashAlgorithmName.SHA256));

    private static void AssertKey(bool isTaken, CertificateRequest request)
    {
        using var leaf = Issue(request, new NamedSigner(RsaWithSha256, null));
        Assert.Equal(isTaken, CertificateStrength.HasStrongKey(leaf));
    }

    private static X509Certificate2 Issue(CertificateRequest request, X509SignatureGenerator signer) =>
        request.Create(new X500DistinguishedName("CN=root"), signer, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1]);

    /// <summary>Says that it has signed by an algorithm. What is judged here is the name.</summary>
    private sealed class NamedSigner(string algorithm, string? hash) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(algorithm);
                if (algorithm == RsaPss)
                {
                    WriteParameters(writer);
                }
            }

            return writer.Encode();
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => RootKey.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        protected override PublicKey BuildPublicKey() => new(RootKey);

        // RSASSA-PSS-params (RFC 4055 3.1): the hash stands in [0], and what is left out is SHA-1.
        private void WriteParameters(AsnWriter writer)
        {
            using var parameters = writer.PushSequence();
            if (hash is not null)
            {
                using var tagged = writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
                using var identifier = writer.PushSequence();
                writer.WriteObjectIdentifier(hash);
            }
        }
    }
}
