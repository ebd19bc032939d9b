using System.Text;
using System.Text.Json;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Wallet.Keys;

namespace SmartProxy.Wallet.Tests.Keys;

public sealed class KeyFileTests
{
    private const int CheapCost = 16;

    private static readonly JsonElement File = Repository.Vectors("keystores");

    public static TheoryData<string> Keystores => [.. File.GetProperty("keystores").EnumerateArray().Select(Id)];

    /// <summary>What each odd file comes to; null opens.</summary>
    public static TheoryData<string, KeyFileProblem?> EdgeCases => new()
    {
        { "wrong-password", KeyFileProblem.WrongPassword },
        { "capital-Crypto", null },
        { "lower-crypto", null },
        { "no-address", null },
        { "address-0x-checksum", null },
        { "address-mismatch", KeyFileProblem.AddressMismatch },
        { "version-1", KeyFileProblem.UnsupportedVersion },
        { "version-string", KeyFileProblem.UnsupportedVersion },
        { "cipher-cbc", KeyFileProblem.UnsupportedCipher },
        { "kdf-unknown", KeyFileProblem.UnsupportedKdf },
        { "mac-damaged", KeyFileProblem.WrongPassword },
        { "hex-upper", null },
        { "n-too-big", KeyFileProblem.BadParameters },
        { "n-not-power-of-two", KeyFileProblem.BadParameters },
        { "prf-sha512", KeyFileProblem.UnsupportedPrf },
        { "c-too-big", KeyFileProblem.BadParameters },
        { "published-scrypt-r1", KeyFileProblem.BadParameters },
    };

    [Theory, MemberData(nameof(Keystores))]
    public void A_file_of_another_wallet_opens(string id)
    {
        var vector = Find("keystores", id);
        var opened = Assert.IsType<KeyFileOutcome.Opened>(Open(vector, Password(vector)));
        Assert.Equal(vector.GetProperty("address").GetString(), opened.Key.Address.ToString());
        Assert.Equal(vector.GetProperty("privateKey").GetString(), Hex.Encode(opened.Key.Bytes));
    }

    [Theory, MemberData(nameof(EdgeCases))]
    public void An_odd_file_opens_or_is_refused_for_its_reason(string id, KeyFileProblem? problem)
    {
        var vector = Find("edgeCases", id);
        var outcome = Open(vector, Password(vector));
        if (problem is null)
        {
            Assert.Equal(vector.GetProperty("address").GetString(), Assert.IsType<KeyFileOutcome.Opened>(outcome).Key.Address.ToString());
            return;
        }

        var refused = Assert.IsType<KeyFileOutcome.Refused>(outcome);
        Assert.Equal(problem, refused.Problem);
        Assert.DoesNotContain(Password(vector), refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void Every_edge_case_of_the_file_is_judged() =>
        Assert.Equal(File.GetProperty("edgeCases").EnumerateArray().Select(Id), EdgeCases.Select(row => row.Data.Item1));

    [Theory]
    [InlineData("not json", "nonsense")]
    [InlineData("not an object", "[]")]
    [InlineData("no crypto", """{"version":3}""")]
    [InlineData("both spellings", """{"version":3,"crypto":{},"Crypto":{}}""")]
    [InlineData("a key twice", """{"version":3,"version":3}""")]
    [InlineData("too deep", """{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}""")]
    public void A_malformed_file_is_refused(string _, string json)
    {
        using var password = SecretText.From("x");
        var refused = Assert.IsType<KeyFileOutcome.Refused>(KeyFile.Open(Encoding.UTF8.GetBytes(json), password));
        Assert.Equal(KeyFileProblem.Malformed, refused.Problem);
    }

    [Theory]
    [InlineData("\"r\":8", "\"r\":2147483647")]
    [InlineData("\"p\":1", "\"p\":9223372036854775807")]
    [InlineData("\"n\":16", "\"n\":9223372036854775807")]
    [InlineData("\"n\":16", "\"n\":1")]
    [InlineData("\"n\":16", "\"n\":-16")]
    [InlineData("\"n\":16", "\"n\":16.5")]
    [InlineData("\"dklen\":32", "\"dklen\":16")]
    public void Parameters_out_of_bounds_are_refused_before_they_cost_anything(string from, string to)
    {
        using var key = SecretKey.Create(new SeededRandom(3));
        using var password = SecretText.From("x");
        var json = Encoding.UTF8.GetString(KeyFile.Encrypt(key, password, new SeededRandom(3), CheapCost)).Replace(": ", ":", StringComparison.Ordinal);
        Assert.Contains(from, json, StringComparison.Ordinal);

        var outcome = KeyFile.Open(Encoding.UTF8.GetBytes(json.Replace(from, to, StringComparison.Ordinal)), password);
        Assert.Equal(KeyFileProblem.BadParameters, Assert.IsType<KeyFileOutcome.Refused>(outcome).Problem);
    }

    [Fact]
    public void The_parameters_that_geth_writes_are_within_bounds()
    {
        Assert.Null(new KeyDerivation.Scrypt([1], 1 << 18, 8, 1).Objection());
        Assert.Null(new KeyDerivation.Scrypt([1], KeyFile.DefaultCost, 8, 1).Objection());
        Assert.NotNull(new KeyDerivation.Scrypt([1], 1 << 20, 8, 1).Objection());
        Assert.NotNull(new KeyDerivation.Scrypt([1], 1 << 18, 8, 3).Objection());
    }

    [Fact]
    public void What_is_written_opens_again_and_only_with_its_password()
    {
        using var key = SecretKey.Create(new SeededRandom(5));
        using var password = SecretText.From("пароль");
        using var other = SecretText.From("пароль ");
        var json = KeyFile.Encrypt(key, password, new SeededRandom(6), CheapCost);

        var opened = Assert.IsType<KeyFileOutcome.Opened>(KeyFile.Open(json, password));
        Assert.Equal(key.Bytes.ToArray(), opened.Key.Bytes.ToArray());
        Assert.Equal(KeyFileProblem.WrongPassword, Assert.IsType<KeyFileOutcome.Refused>(KeyFile.Open(json, other)).Problem);
        Assert.DoesNotContain(Convert.ToHexStringLower(key.Bytes), Encoding.UTF8.GetString(json), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cost_that_is_no_power_of_two_is_not_written()
    {
        using var key = SecretKey.Create(new SeededRandom(5));
        using var password = SecretText.From("x");
        Assert.Throws<ArgumentException>(() => KeyFile.Encrypt(key, password, new SeededRandom(6), 1000));
    }

    private static KeyFileOutcome Open(JsonElement vector, string password)
    {
        using var secret = SecretText.From(password);
        return KeyFile.Open(Encoding.UTF8.GetBytes(vector.GetProperty("keystore").GetRawText()), secret);
    }

    private static JsonElement Find(string list, string id) => File.GetProperty(list).EnumerateArray().Single(vector => Id(vector) == id);

    private static string Id(JsonElement vector) => vector.GetProperty("id").GetString()!;

    private static string Password(JsonElement vector) => vector.GetProperty("password").GetString()!;
}
