using SmartProxy.TestKit;

namespace SmartProxy.Protocol.Tests;

public sealed class KeccakTests
{
    [Fact]
    public void Keccak_256_equals_every_vector()
    {
        foreach (var vector in Repository.Vectors("primitives").GetProperty("keccak256").EnumerateArray())
        {
            var input = Convert.FromHexString(vector.GetProperty("inputHex").GetString()![2..]);
            Assert.Equal(vector.GetProperty("keccak256").GetString(), Bytes32.Keccak256(input).ToString());
        }
    }
}
