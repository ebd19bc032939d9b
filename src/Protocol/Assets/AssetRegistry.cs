using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace SmartProxy.Protocol;

/// <summary>
/// The tokens that the operator declares to be money, and which networks are for tests. Immutable. What a seller says about a token is only
/// ever compared with this. Its canonical text goes into the journal by hash, so that every dollar value can be explained later.
/// </summary>
public sealed class AssetRegistry
{
    private readonly FrozenDictionary<(ChainId Chain, EvmAddress Address), Asset> _byAddress;
    private readonly FrozenSet<ChainId> _testNetworks;

    /// <param name="assets">At most one per network and address.</param>
    /// <param name="testNetworks">Networks whose tokens are worthless.</param>
    /// <exception cref="ArgumentException">Two tokens have the same network and address.</exception>
    public AssetRegistry(IEnumerable<Asset> assets, IEnumerable<ChainId> testNetworks)
    {
        Assets = [.. assets.OrderBy(asset => asset.Chain.Value).ThenBy(asset => asset.Address.ToString(), StringComparer.Ordinal)];
        if (Assets.CountBy(asset => (asset.Chain, asset.Address)).FirstOrDefault(count => count.Value > 1) is { Value: > 1 } twice)
        {
            throw new ArgumentException($"expected each token once, found `{twice.Key.Address}` on `{twice.Key.Chain}` twice", nameof(assets));
        }

        _byAddress = Assets.ToFrozenDictionary(asset => (asset.Chain, asset.Address));
        _testNetworks = testNetworks.ToFrozenSet();
        Networks = Assets.Select(asset => asset.Chain).ToFrozenSet();
        CanonicalText = WriteCanonicalText();
        Hash = Bytes32.Sha256(Encoding.UTF8.GetBytes(CanonicalText));
    }

    /// <summary>The EIP-3009 dollar tokens that x402's reference packages know, each worth one dollar.</summary>
    public static AssetRegistry Default { get; } =
        new(BuiltInAssets.All, NetworkNames.All.Where(network => network.IsTest).Select(network => network.Chain));

    /// <summary>Every token, by chain number and then by address.</summary>
    public IReadOnlyList<Asset> Assets { get; }

    /// <summary>Every network that has a token here.</summary>
    public IReadOnlySet<ChainId> Networks { get; }

    /// <summary>The whole registry as one line of JSON; equal registries have equal text.</summary>
    public string CanonicalText { get; }

    /// <summary>SHA-256 of <see cref="CanonicalText"/> in UTF-8.</summary>
    public Bytes32 Hash { get; }

    public bool TryFind(ChainId network, EvmAddress address, [NotNullWhen(true)] out Asset? asset) =>
        _byAddress.TryGetValue((network, address), out asset);

    /// <summary>Whether the network's tokens are worthless by declaration. An unknown network counts as one with real money.</summary>
    public bool IsTestNetwork(ChainId network) => _testNetworks.Contains(network);

    /// <summary>A registry with the operator's own tokens and test networks on top; a token with the same network and address is replaced.</summary>
    public AssetRegistry With(IEnumerable<Asset> assets, IEnumerable<ChainId> testNetworks)
    {
        List<Asset> own = [.. assets];
        var replaced = own.Select(asset => (asset.Chain, asset.Address)).ToHashSet();
        return new AssetRegistry(
            Assets.Where(asset => !replaced.Contains((asset.Chain, asset.Address))).Concat(own),
            _testNetworks.Concat(testNetworks));
    }

    /// <summary>Reads what <see cref="CanonicalText"/> is, and nothing else: the registry that a journal archived.</summary>
    public static bool TryParseCanonical(string? text, [NotNullWhen(true)] out AssetRegistry? registry)
    {
        try
        {
            using var document = JsonDocument.Parse(text ?? "");
            var root = document.RootElement;
            registry = new AssetRegistry(
                [.. root.GetProperty("assets").EnumerateArray().Select(Read)],
                [.. root.GetProperty("testNetworks").EnumerateArray().Select(network => Required<ChainId>(network, ChainId.TryParse))]);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            registry = null;
        }

        // Equal registries have equal text: whatever else it said would not be what was archived.
        registry = registry?.CanonicalText == text ? registry : null;
        return registry is not null;
    }

    private static Asset Read(JsonElement asset) => new(
        Required<ChainId>(asset.GetProperty("network"), ChainId.TryParse),
        Required<EvmAddress>(asset.GetProperty("asset"), EvmAddress.TryParse),
        asset.GetProperty("symbol").GetString()!,
        asset.GetProperty("name").GetString()!,
        asset.GetProperty("version").GetString()!,
        asset.GetProperty("decimals").GetInt32())
    {
        UsdPerToken = Required<Usd>(asset.GetProperty("usdPerToken"), Usd.TryParse),
    };

    private delegate bool Parser<T>(string? text, out T value);

    private static T Required<T>(JsonElement element, Parser<T> parse) => parse(element.GetString(), out var value) ? value : throw new FormatException(element.GetRawText());

    private string WriteCanonicalText()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("assets");
            foreach (var asset in Assets)
            {
                Write(writer, asset);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("testNetworks");
            foreach (var network in _testNetworks.OrderBy(network => network.Value))
            {
                writer.WriteStringValue(network.ToString());
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, Asset asset)
    {
        writer.WriteStartObject();
        writer.WriteString("network", asset.Chain.ToString());
        writer.WriteString("asset", asset.Address.ToString());
        writer.WriteString("symbol", asset.Symbol);
        writer.WriteString("name", asset.DomainName);
        writer.WriteString("version", asset.DomainVersion);
        writer.WriteNumber("decimals", asset.Decimals);
        writer.WriteString("usdPerToken", asset.UsdPerToken.ToString());
        writer.WriteEndObject();
    }
}
