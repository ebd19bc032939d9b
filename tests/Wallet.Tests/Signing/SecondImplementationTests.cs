using System.Numerics;
using System.Text.Json;
using CsCheck;
using Nethereum.Signer;
using Nethereum.Signer.EIP712;
using SmartProxy.Protocol;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Wallet.Tests.Signing;

/// <summary>Our EIP-712 and ECDSA against Nethereum's, over random authorizations.</summary>
public sealed class SecondImplementationTests
{
    private static readonly string[] OddNames = ["USD₮0", "Пример €", "🪙 token", "quote \" and \\ back"];

    private static readonly Gen<string> Names = Gen.OneOf(
        Gen.String[Gen.Char['a', 'z'], 0, 40],
        Gen.Int[0, OddNames.Length - 1].Select(i => OddNames[i]),
        Gen.String[Gen.Char['\u00A0', '\u2FFF'], 0, 20]);

    private static readonly Gen<byte[]> Addresses = Gen.Byte.Array[EvmAddress.Length];

    private static readonly Gen<TransferTerms> Terms =
        from name in Names
        from version in Names
        from chain in Gen.Long[1, long.MaxValue]
        from addresses in Addresses.Array[3]
        from high in Gen.ULong
        from low in Gen.ULong
        from times in Gen.Long[0, long.MaxValue].Array[2]
        select new TransferTerms(
            new ChainId((ulong)chain),
            new EvmAddress(addresses[0]),
            name,
            version,
            new EvmAddress(addresses[1]),
            new EvmAddress(addresses[2]),
            new TokenAmount(new UInt128(high, low)),
            times[0],
            times[1]);

    [Fact]
    public void Digest_and_signature_equal_those_of_a_second_implementation() =>
        Gen.Select(Terms, Gen.Byte.Array[32], Gen.Byte.Array[32]).Sample(
            (terms, nonce, secret) =>
            {
                Assert.True(SecretKey.TryCreate(secret, out var key));
                var authorization = new TransferAuthorization(terms, new Bytes32(nonce));
                var json = ToTypedData(authorization);
                var digest = TransferWithAuthorization.Digest(authorization);

                Assert.Equal(Bytes32.Keccak256(Eip712TypedDataSigner.Current.EncodeTypedData(json)), digest);
                Assert.Equal(Eip712TypedDataSigner.Current.SignTypedDataV4(json, new EthECKey(secret, true)), new Secp256k1Signer(key!).Sign(digest));
            },
            iter: 200,
            threads: 1);

    private static string ToTypedData(TransferAuthorization authorization)
    {
        var terms = authorization.Terms;
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("types");
            WriteType(json, "EIP712Domain", "string name", "string version", "uint256 chainId", "address verifyingContract");
            WriteType(json, "TransferWithAuthorization", "address from", "address to", "uint256 value", "uint256 validAfter", "uint256 validBefore", "bytes32 nonce");
            json.WriteEndObject();
            json.WriteString("primaryType", "TransferWithAuthorization");
            json.WriteStartObject("domain");
            json.WriteString("name", terms.DomainName);
            json.WriteString("version", terms.DomainVersion);
            json.WriteNumber("chainId", terms.Chain.Value);
            json.WriteString("verifyingContract", terms.Asset.ToString());
            json.WriteEndObject();
            json.WriteStartObject("message");
            json.WriteString("from", terms.From.ToString());
            json.WriteString("to", terms.To.ToString());
            json.WriteString("value", ((BigInteger)terms.Value.Units).ToString());
            json.WriteString("validAfter", terms.ValidAfter.ToString());
            json.WriteString("validBefore", terms.ValidBefore.ToString());
            json.WriteString("nonce", authorization.Nonce.ToString());
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteType(Utf8JsonWriter json, string name, params string[] members)
    {
        json.WriteStartArray(name);
        foreach (var member in members.Select(member => member.Split(' ')))
        {
            json.WriteStartObject();
            json.WriteString("name", member[1]);
            json.WriteString("type", member[0]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
