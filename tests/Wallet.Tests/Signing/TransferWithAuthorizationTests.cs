using System.Numerics;
using System.Text.Json;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Wallet.Tests.Signing;

public sealed class TransferWithAuthorizationTests
{
    private static readonly JsonElement File = Repository.Vectors("eip3009");

    public static TheoryData<string> Vectors => [.. File.GetProperty("vectors").EnumerateArray().Select(Id)];

    public static TheoryData<string> VerifyOnly => [.. File.GetProperty("verifyOnly").EnumerateArray().Select(Id)];

    [Fact]
    public void There_are_as_many_vectors_as_the_file_says() =>
        Assert.Equal(File.GetProperty("count").GetInt32(), Vectors.Count);

    [Fact]
    public void Type_hashes_are_those_of_the_standard()
    {
        var constants = File.GetProperty("constants");
        Assert.Equal(constants.GetProperty("domainTypeHash").GetString(), TransferWithAuthorization.DomainTypeHash.ToString());
        Assert.Equal(constants.GetProperty("structTypeHash").GetString(), TransferWithAuthorization.StructTypeHash.ToString());
    }

    [Theory, MemberData(nameof(Vectors))]
    public void Domain_separator_struct_hash_digest_and_signature_are_exact(string id)
    {
        var vector = Find("vectors", id);
        var (separator, structHash) = Hashes(vector);
        var digest = TransferWithAuthorization.Digest(separator, structHash);
        Assert.True(SecretKey.TryParse(vector.GetProperty("privateKey").GetString(), out var key));
        var signature = new Secp256k1Signer(key!).Sign(digest);

        Assert.Equal(vector.GetProperty("domainSeparator").GetString(), separator.ToString());
        Assert.Equal(vector.GetProperty("structHash").GetString(), structHash.ToString());
        Assert.Equal(vector.GetProperty("digest").GetString(), digest.ToString());
        Assert.Equal(vector.GetProperty("signature").GetString(), signature);
        Assert.True(Secp256k1.TryRecover(digest, signature, out var signer));
        Assert.Equal(vector.GetProperty("signer").GetString(), signer.ToString());
    }

    [Theory, MemberData(nameof(Vectors))]
    public void An_authorization_of_production_hashes_like_its_vector(string id)
    {
        var vector = Find("vectors", id);
        if (Authorization(vector) is not { } authorization)
        {
            return; // Beyond 128 bits or 63 bits of time: only the word form can say it, and production refuses it.
        }

        Assert.Equal(vector.GetProperty("digest").GetString(), TransferWithAuthorization.Digest(authorization).ToString());
        Assert.True(TransferWithAuthorization.TryRecover(authorization, vector.GetProperty("signature").GetString(), out var signer));
        Assert.Equal(vector.GetProperty("signer").GetString(), signer.ToString());
    }

    [Theory, MemberData(nameof(VerifyOnly))]
    public void Foreign_forms_recover_or_are_refused(string id)
    {
        var vector = Find("verifyOnly", id);
        Assert.True(Bytes32.TryParse(vector.GetProperty("digest").GetString(), out var digest));
        var refused = vector.TryGetProperty("expect", out var expect) && expect.GetString() == "reject";

        Assert.Equal(!refused, Secp256k1.TryRecover(digest, vector.GetProperty("signature").GetString(), out var signer));
        Assert.Equal(refused ? EvmAddress.Zero.ToString() : vector.GetProperty("recovered").GetString(), signer.ToString());
    }

    [Fact]
    public void A_domain_separator_that_a_deployed_contract_reports_is_met()
    {
        var anchor = File.GetProperty("onChainAnchors").EnumerateObject().Single();
        Assert.StartsWith("eip155:143 USDC", anchor.Name, StringComparison.Ordinal);
        var ours = File.GetProperty("vectors").EnumerateArray()
            .Where(vector => vector.GetProperty("domain").GetProperty("chainId").GetUInt64() == 143)
            .Select(vector => Hashes(vector).Separator.ToString());
        Assert.Contains(anchor.Value.GetString(), ours);
    }

    [Fact]
    public void A_cached_domain_separator_is_that_of_its_own_domain()
    {
        var cache = new DomainSeparators();
        var terms = File.GetProperty("vectors").EnumerateArray().Select(Authorization).OfType<TransferAuthorization>().Select(a => a.Terms).ToArray();
        foreach (var one in terms.Concat(terms))
        {
            Assert.Equal(TransferWithAuthorization.DomainSeparator(one), cache.Of(one));
        }
    }

    [Fact]
    public void A_negative_time_is_not_hashed_and_recovers_nobody()
    {
        var authorization = Authorization(Find("vectors", "eip3009-001"))!;
        var early = authorization with { Terms = authorization.Terms with { ValidAfter = -1 } };
        Assert.Throws<ArgumentOutOfRangeException>(() => TransferWithAuthorization.Digest(early));
        Assert.False(TransferWithAuthorization.TryRecover(early, Find("vectors", "eip3009-001").GetProperty("signature").GetString(), out _));
    }

    private static (Bytes32 Separator, Bytes32 StructHash) Hashes(JsonElement vector)
    {
        var (domain, message) = (vector.GetProperty("domain"), vector.GetProperty("message"));
        var separator = TransferWithAuthorization.DomainSeparator(
            domain.GetProperty("name").GetString()!, domain.GetProperty("version").GetString()!, Chain(domain), Address(domain, "verifyingContract"));
        var structHash = TransferWithAuthorization.StructHash(
            Address(message, "from"),
            Address(message, "to"),
            TransferWithAuthorization.ToWord(Number(message, "value")),
            TransferWithAuthorization.ToWord(Number(message, "validAfter")),
            TransferWithAuthorization.ToWord(Number(message, "validBefore")),
            Nonce(message));
        return (separator, structHash);
    }

    private static TransferAuthorization? Authorization(JsonElement vector)
    {
        var (domain, message) = (vector.GetProperty("domain"), vector.GetProperty("message"));
        var (value, after, before) = (Number(message, "value"), Number(message, "validAfter"), Number(message, "validBefore"));
        if (value > (BigInteger)UInt128.MaxValue || after > long.MaxValue || before > long.MaxValue)
        {
            return null;
        }

        var terms = new TransferTerms(
            Chain(domain),
            Address(domain, "verifyingContract"),
            domain.GetProperty("name").GetString()!,
            domain.GetProperty("version").GetString()!,
            Address(message, "from"),
            Address(message, "to"),
            new TokenAmount((UInt128)value),
            (long)after,
            (long)before);
        return new TransferAuthorization(terms, Nonce(message));
    }

    private static JsonElement Find(string list, string id) => File.GetProperty(list).EnumerateArray().Single(vector => Id(vector) == id);

    private static string Id(JsonElement vector) => vector.GetProperty("id").GetString()!;

    private static ChainId Chain(JsonElement domain) => new(domain.GetProperty("chainId").GetUInt64());

    private static EvmAddress Address(JsonElement element, string name) => EvmAddress.Parse(element.GetProperty(name).GetString()!);

    private static BigInteger Number(JsonElement element, string name) => BigInteger.Parse(element.GetProperty(name).GetString()!);

    private static Bytes32 Nonce(JsonElement message)
    {
        Assert.True(Bytes32.TryParse(message.GetProperty("nonce").GetString(), out var nonce));
        return nonce;
    }
}
