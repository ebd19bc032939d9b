using SmartProxy.TestKit;

namespace SmartProxy.Protocol.Tests.Assets;

public sealed class NetworkNamesTests
{
    [Fact]
    public void The_names_of_version_1_are_the_reference_names()
    {
        var expected = Repository.Vectors("assets").GetProperty("v1Networks").EnumerateObject()
            .Where(name => name.Value.GetString()!.StartsWith("eip155:", StringComparison.Ordinal))
            .Select(name => $"{name.Name} {name.Value}")
            .Order(StringComparer.Ordinal);

        Assert.Equal(expected, NetworkNames.All.Where(network => network.IsVersion1).Select(network => $"{network.Name} {network.Chain}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("base", 8453)]
    [InlineData("base-sepolia", 84532)]
    [InlineData("arbitrum", 42161)]
    [InlineData("eip155:8453", 8453)]
    [InlineData("eip155:31337", 31337)]
    public void People_write_a_short_name_or_CAIP_2(string text, ulong chain)
    {
        Assert.True(NetworkNames.TryParse(text, out var network));
        Assert.Equal(new ChainId(chain), network);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Base")]
    [InlineData("base ")]
    [InlineData("8453")]
    [InlineData("eip155:08453")]
    [InlineData("solana")]
    public void Anything_else_is_no_network(string? text) => Assert.False(NetworkNames.TryParse(text, out _));

    [Theory]
    [InlineData("base-sepolia", true)]
    [InlineData("arbitrum", false)]
    [InlineData("eip155:84532", false)]
    public void Version_1_speaks_its_own_names_only(string text, bool known) => Assert.Equal(known, NetworkNames.TryParseVersion1(text, out _));

    [Fact]
    public void Every_short_name_is_read_back()
    {
        foreach (var network in NetworkNames.All)
        {
            Assert.True(NetworkNames.TryParse(NetworkNames.ShortNameOf(network.Chain), out var chain) && chain == network.Chain);
        }

        Assert.Equal("eip155:31337", NetworkNames.ShortNameOf(new ChainId(31337)));
    }

    [Fact]
    public void A_network_is_a_test_network_when_its_name_says_so()
    {
        string[] words = ["sepolia", "testnet", "fuji", "amoy", "apothem"];

        Assert.All(NetworkNames.All, network => Assert.Equal(words.Any(word => network.Name.Contains(word, StringComparison.Ordinal)), network.IsTest));
    }
}
