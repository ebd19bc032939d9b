using System.Text.Json;
using SmartProxy.TestKit;

namespace SmartProxy.Protocol.Tests.Assets;

public sealed class AssetRegistryTests
{
    private static readonly JsonElement Vectors = Repository.Vectors("assets");

    [Fact]
    public void The_built_in_table_is_the_reference_table()
    {
        var expected = Vectors.GetProperty("assets").EnumerateArray()
            .Where(row => row.TryGetProperty("method", out var method) && method.GetString() == "eip3009")
            .Select(row => string.Join(' ', Text(row, "network"), Text(row, "asset"), Text(row, "symbol"), row.GetProperty("decimals").GetInt32(), Text(row, "name"), Text(row, "version")))
            .Order(StringComparer.Ordinal);

        var actual = AssetRegistry.Default.Assets
            .Select(asset => string.Join(' ', asset.Chain, asset.Address, asset.Symbol, asset.Decimals, asset.DomainName, asset.DomainVersion))
            .Order(StringComparer.Ordinal);

        Assert.Equal(expected, actual);
        Assert.Equal(31, AssetRegistry.Default.Assets.Count);
        Assert.All(AssetRegistry.Default.Assets, asset => Assert.Equal("1.00", asset.UsdPerToken.ToString()));
    }

    [Fact]
    public void An_asset_is_a_network_and_an_address()
    {
        var usdc = EvmAddress.Parse("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913");

        Assert.True(AssetRegistry.Default.TryFind(new ChainId(8453), usdc, out var asset));
        Assert.Equal(("USDC", "USD Coin"), (asset.Symbol, asset.DomainName));
        Assert.False(AssetRegistry.Default.TryFind(new ChainId(84532), usdc, out _));
        Assert.False(AssetRegistry.Default.TryFind(new ChainId(8453), EvmAddress.Zero, out _));
    }

    [Fact]
    public void Every_network_of_the_table_has_a_name_and_knows_whether_it_is_a_test()
    {
        Assert.All(AssetRegistry.Default.Networks, network => Assert.NotNull(NetworkNames.Find(network)));
        Assert.True(AssetRegistry.Default.IsTestNetwork(new ChainId(84532)));
        Assert.False(AssetRegistry.Default.IsTestNetwork(new ChainId(8453)));
        Assert.False(AssetRegistry.Default.IsTestNetwork(new ChainId(999_999)));
    }

    [Fact]
    public void The_hash_is_over_what_decides_and_not_over_the_order_it_was_given_in()
    {
        var registry = AssetRegistry.Default;
        var test = NetworkNames.All.Where(network => network.IsTest).Select(network => network.Chain).ToList();

        Assert.Equal(registry.Hash, new AssetRegistry(registry.Assets.Reverse(), Enumerable.Reverse(test)).Hash);
        Assert.Equal(Bytes32.Sha256(System.Text.Encoding.UTF8.GetBytes(registry.CanonicalText)), registry.Hash);
        Assert.NotEqual(registry.Hash, new AssetRegistry(registry.Assets, test.Skip(1)).Hash);
        foreach (var changed in Changes(registry.Assets[0]))
        {
            Assert.NotEqual(registry.Hash, registry.With([changed], []).Hash);
        }
    }

    [Fact]
    public void An_operators_token_replaces_the_built_in_one()
    {
        var own = AssetRegistry.Default.Assets[0] with { UsdPerToken = new Usd(990_000) };
        var local = new Asset(new ChainId(31337), EvmAddress.Zero, "TEST", "Test", "1", 6);

        var registry = AssetRegistry.Default.With([own, local], [new ChainId(31337)]);

        Assert.True(registry.TryFind(own.Chain, own.Address, out var found) && found == own);
        Assert.Equal(32, registry.Assets.Count);
        Assert.True(registry.IsTestNetwork(new ChainId(31337)));
        Assert.True(registry.IsTestNetwork(new ChainId(84532)));
        Assert.Contains(new ChainId(31337), registry.Networks);
    }

    [Fact]
    public void A_token_that_is_given_twice_is_a_misconfiguration()
    {
        var asset = AssetRegistry.Default.Assets[0];

        Assert.Throws<ArgumentException>(() => new AssetRegistry([asset, asset with { Decimals = 18 }], []));
    }

    [Fact]
    public void The_canonical_text_is_JSON_that_says_everything()
    {
        using var document = JsonDocument.Parse(AssetRegistry.Default.CanonicalText);
        var first = document.RootElement.GetProperty("assets")[0];

        Assert.Equal(["network", "asset", "symbol", "name", "version", "decimals", "usdPerToken"], first.EnumerateObject().Select(member => member.Name));
        Assert.Equal("eip155:1", Text(first, "network"));
    }

    private static IEnumerable<Asset> Changes(Asset asset) =>
    [
        asset with { Symbol = "X" },
        asset with { DomainName = "X" },
        asset with { DomainVersion = "3" },
        asset with { Decimals = 18 },
        asset with { UsdPerToken = new Usd(1) },
    ];

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    [Fact]
    public void An_archived_registry_is_read_back_as_it_was()
    {
        var registry = AssetRegistry.Default.With(
            [new Asset(new ChainId(31337), EvmAddress.Parse("0x1111111111111111111111111111111111111111"), "EUR\u20AC", "Euro \"Token\"", "7", 18) { UsdPerToken = new Usd(1_080_000) }], [new ChainId(31337)]);

        Assert.True(AssetRegistry.TryParseCanonical(registry.CanonicalText, out var again));
        Assert.Equal(registry.Hash, again.Hash);
        Assert.True(again.IsTestNetwork(new ChainId(31337)));
        Assert.Equal("1.08", again.Assets.Single(asset => asset.Chain == new ChainId(31337)).UsdPerToken.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"assets":[],"testNetworks":[]} """)]
    [InlineData("""{"assets":[],"testNetworks":["base"]}""")]
    [InlineData("""{"testNetworks":[],"assets":[]}""")]
    public void What_no_registry_would_have_written_is_not_read(string? text) => Assert.False(AssetRegistry.TryParseCanonical(text, out _));
}
