using System.Text.Json;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Wallet.Tests.Signing;

public sealed class Secp256k1Tests
{
    private static readonly JsonElement Primitives = Repository.Vectors("primitives");
    private static readonly Bytes32 Digest = Bytes32.Keccak256("a digest"u8);

    [Fact]
    public void A_private_key_has_the_address_of_its_vector()
    {
        foreach (var vector in Primitives.GetProperty("keys").EnumerateArray())
        {
            Assert.True(SecretKey.TryParse(vector.GetProperty("privateKey").GetString(), out var key));
            Assert.Equal(vector.GetProperty("address").GetString(), key!.Address.ToString());
        }
    }

    [Fact]
    public void A_number_out_of_range_is_no_private_key()
    {
        foreach (var vector in Primitives.GetProperty("invalidPrivateKeys").EnumerateArray())
        {
            Assert.False(SecretKey.TryParse(vector.GetProperty("privateKey").GetString(), out var key));
            Assert.Null(key);
        }
    }

    [Fact]
    public void Signatures_of_other_digests_are_exact_too()
    {
        foreach (var vector in Primitives.GetProperty("personalSign").EnumerateArray())
        {
            Assert.True(SecretKey.TryParse(vector.GetProperty("privateKey").GetString(), out var key));
            Assert.True(Bytes32.TryParse(vector.GetProperty("digest").GetString(), out var digest));
            Assert.Equal(vector.GetProperty("signature").GetString(), new Secp256k1Signer(key!).Sign(digest));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("r = 0")]
    [InlineData("r = n")]
    [InlineData("s = 0")]
    [InlineData("s = n")]
    [InlineData("v = 29")]
    [InlineData("x without a point")]
    [InlineData("one byte more")]
    public void What_is_no_signature_recovers_nobody(string? what)
    {
        const string Order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        const string One = "0000000000000000000000000000000000000000000000000000000000000001";
        const string Five = "0000000000000000000000000000000000000000000000000000000000000005";
        var zero = new string('0', 64);
        var signature = what switch
        {
            "r = 0" => "0x" + zero + One + "1b",
            "r = n" => "0x" + Order + One + "1b",
            "s = 0" => "0x" + One + zero + "1b",
            "s = n" => "0x" + One + Order + "1b",
            "v = 29" => "0x" + One + One + "1d",
            "x without a point" => "0x" + Five + One + "1b",
            "one byte more" => "0x" + One + One + "1b00",
            _ => what,
        };

        Assert.False(Secp256k1.TryRecover(Digest, signature, out _));
    }

    [Fact]
    public void Any_changed_bit_of_a_signature_leads_to_somebody_else()
    {
        Assert.True(SecretKey.TryParse(new string('1', 64), out var key));
        var signature = Convert.FromHexString(new Secp256k1Signer(key!).Sign(Digest)[2..]);
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            var changed = (byte[])signature.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Secp256k1.TryRecover(Digest, Hex.Encode(changed), out var signer) && signer == key!.Address);
        }
    }

    [Fact]
    public void A_thousand_digests_sign_low_and_recover()
    {
        var key = SecretKey.Create(new SeededRandom(7));
        var signer = new Secp256k1Signer(key);
        for (var i = 0; i < 1000; i++)
        {
            var digest = Bytes32.Keccak256(BitConverter.GetBytes(i));
            Assert.True(Secp256k1.TryRecover(digest, signer.Sign(digest), out var recovered));
            Assert.Equal(key.Address, recovered);
        }
    }
}
