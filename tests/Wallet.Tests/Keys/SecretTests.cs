using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Wallet.Tests.Keys;

public sealed class SecretTests
{
    private const string Digits = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    [Fact]
    public void No_text_of_a_secret_shows_it()
    {
        Assert.True(SecretKey.TryParse(Digits, out var key));
        using var password = SecretText.From("correct horse");
        string[] texts =
        [
            $"{key}", $"{password}", new KeyFileOutcome.Opened(key!).ToString(), new Secp256k1Signer(key!).ToString()!,
            new SignOutcome.Signed(ReservationSignerTests.Authorization(key!.Address), "0x5196").ToString(),
        ];

        Assert.All(texts, text =>
        {
            Assert.DoesNotContain(Digits[..8], text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("horse", text, StringComparison.Ordinal);
            Assert.DoesNotContain("5196", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_disposed_key_is_zero_and_signs_nothing()
    {
        Assert.True(SecretKey.TryParse(Digits, out var key));
        var signer = new Secp256k1Signer(key!);
        var bytes = key!.Bytes;
        key.Dispose();

        Assert.Equal(new byte[32], bytes.ToArray());
        Assert.Throws<ObjectDisposedException>(() => signer.Sign(Bytes32.Keccak256("x"u8)));
    }

    [Fact]
    public void A_disposed_password_is_zero()
    {
        var password = SecretText.From("abc");
        var bytes = password.Utf8;
        password.Dispose();
        Assert.Equal(new byte[3], bytes.ToArray());
    }

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("abc\n", "abc")]
    [InlineData("abc\r\n", "abc")]
    [InlineData("abc\n\n", "abc\n")]
    [InlineData(" abc ", " abc ")]
    [InlineData("", "")]
    public void One_line_end_is_not_part_of_a_password_file(string content, string password)
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content));
        using var read = SecretText.Read(stream);
        Assert.Equal(password, System.Text.Encoding.UTF8.GetString(read.Utf8));
    }

    [Fact]
    public void A_password_file_without_end_is_refused_without_showing_it()
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(new string('q', SecretText.MaxLength + 1)));
        var refused = Assert.Throws<ArgumentException>(() => SecretText.Read(stream));
        Assert.DoesNotContain("qq", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void New_keys_differ_and_come_from_the_given_chance()
    {
        var random = new SeededRandom(1);
        var first = SecretKey.Create(random).Address;
        Assert.NotEqual(first, SecretKey.Create(random).Address);
        Assert.Equal(first, SecretKey.Create(new SeededRandom(1)).Address);
    }

    [Fact]
    public void Chance_that_is_no_key_is_drawn_again()
    {
        var valid = Convert.FromHexString(Digits);
        var key = SecretKey.Create(new ScriptedRandom([new byte[32], Enumerable.Repeat((byte)0xFF, 32).ToArray(), valid]));
        Assert.Equal(valid, key.Bytes.ToArray());
    }
}
