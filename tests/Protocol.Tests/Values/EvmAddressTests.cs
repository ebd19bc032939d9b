using System.Text.Json;
using SmartProxy.TestKit;

namespace SmartProxy.Protocol.Tests.Values;

public sealed class EvmAddressTests
{
    private static readonly JsonElement Vectors = Repository.Vectors("primitives");

    [Fact]
    public void Every_checksum_vector_is_reproduced()
    {
        foreach (var vector in Vectors.GetProperty("checksumAddress").EnumerateArray())
        {
            var checksum = vector.GetProperty("checksum").GetString()!;
            foreach (var spelling in new[] { checksum, vector.GetProperty("lower").GetString()!, "0x" + checksum[2..].ToUpperInvariant() })
            {
                Assert.True(EvmAddress.TryParse(spelling, out var address), spelling);
                Assert.Equal(checksum, address.ToString());
            }
        }
    }

    [Fact]
    public void Every_input_vector_is_judged_as_expected()
    {
        foreach (var vector in Vectors.GetProperty("addressInputs").EnumerateArray())
        {
            var input = vector.GetProperty("input").GetString();
            Assert.True(vector.GetProperty("validStrict").GetBoolean() == EvmAddress.TryParse(input, out _), $"strict: `{input}`");
            Assert.True(vector.GetProperty("validIgnoringChecksum").GetBoolean() == EvmAddress.TryParseIgnoringChecksum(input, out _), $"ignoring checksum: `{input}`");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("0x\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10")]
    public void What_is_not_an_address_is_refused(string? text)
    {
        Assert.False(EvmAddress.TryParse(text, out var address));
        Assert.Equal(EvmAddress.Zero, address);
    }

    [Fact]
    public void An_address_equals_itself_in_any_spelling()
    {
        var mixed = EvmAddress.Parse("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913");

        Assert.Equal(mixed, EvmAddress.Parse("0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"));
        Assert.NotEqual(mixed, EvmAddress.Parse("0x833589fcd6edb6e08f4c7c32d4f71b54bda02914"));
    }
}
