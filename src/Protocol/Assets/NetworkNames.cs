using System.Collections.Frozen;

namespace SmartProxy.Protocol;

/// <summary>A network that we know by name.</summary>
/// <param name="Name">The short name that people write in a policy, such as <c>base-sepolia</c>; unique.</param>
/// <param name="Chain">The chain.</param>
/// <param name="DisplayName">For people.</param>
/// <param name="IsTest">Whether its tokens are worthless.</param>
/// <param name="IsVersion1">Whether x402 version 1 uses <paramref name="Name"/> on the wire.</param>
public sealed record KnownNetwork(string Name, ChainId Chain, string DisplayName, bool IsTest, bool IsVersion1);

/// <summary>Names of networks: x402 version 1 speaks them, people write them. Names are case-sensitive, one per chain.</summary>
public static class NetworkNames
{
    /// <summary>Every known network: those with a version 1 name first, in the order of the reference packages.</summary>
    public static IReadOnlyList<KnownNetwork> All { get; } =
    [
        Version1("ethereum", 1, "Ethereum"),
        Version1("sepolia", 11155111, "Ethereum Sepolia", isTest: true),
        Version1("abstract", 2741, "Abstract"),
        Version1("abstract-testnet", 11124, "Abstract Testnet", isTest: true),
        Version1("base-sepolia", 84532, "Base Sepolia", isTest: true),
        Version1("base", 8453, "Base"),
        Version1("avalanche-fuji", 43113, "Avalanche Fuji", isTest: true),
        Version1("avalanche", 43114, "Avalanche C-Chain"),
        Version1("iotex", 4689, "IoTeX"),
        Version1("sei", 1329, "Sei"),
        Version1("sei-testnet", 1328, "Sei Testnet", isTest: true),
        Version1("polygon", 137, "Polygon PoS"),
        Version1("polygon-amoy", 80002, "Polygon Amoy", isTest: true),
        Version1("peaq", 3338, "peaq"),
        Version1("story", 1514, "Story"),
        Version1("educhain", 41923, "EDU Chain"),
        Version1("skale-base-sepolia", 324705682, "SKALE Base Sepolia", isTest: true),
        Version1("megaeth", 4326, "MegaETH"),
        Version1("monad", 143, "Monad"),
        Version1("stable", 988, "Stable"),
        Version1("stable-testnet", 2201, "Stable Testnet", isTest: true),
        Version1("celo", 42220, "Celo"),
        Version1("flare", 14, "Flare"),
        Ours("arbitrum", 42161, "Arbitrum One"),
        Ours("arbitrum-sepolia", 421614, "Arbitrum Sepolia", isTest: true),
        Ours("mezo", 31612, "Mezo"),
        Ours("mezo-testnet", 31611, "Mezo Testnet", isTest: true),
        Ours("radius", 723487, "Radius"),
        Ours("radius-testnet", 72344, "Radius Testnet", isTest: true),
        Ours("adi", 36900, "ADI Chain"),
        Ours("hpp", 190415, "HPP"),
        Ours("hpp-sepolia", 181228, "HPP Sepolia", isTest: true),
        Ours("xdc", 50, "XDC"),
        Ours("xdc-apothem", 51, "XDC Apothem", isTest: true),
        Ours("igra", 38833, "Igra"),
        Ours("celo-sepolia", 11142220, "Celo Sepolia", isTest: true),
    ];

    private static readonly FrozenDictionary<string, KnownNetwork> ByName = All.ToFrozenDictionary(network => network.Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<ChainId, KnownNetwork> ByChain = All.ToFrozenDictionary(network => network.Chain);

    /// <summary>Reads what people write: a short name (<c>base</c>), or CAIP-2 of any EVM chain (<c>eip155:8453</c>).</summary>
    public static bool TryParse(string? text, out ChainId chain)
    {
        if (text is not null && ByName.TryGetValue(text, out var network))
        {
            chain = network.Chain;
            return true;
        }

        return ChainId.TryParse(text, out chain);
    }

    /// <summary>Reads what x402 version 1 writes: one of its names, and nothing else.</summary>
    public static bool TryParseVersion1(string? text, out ChainId chain)
    {
        var known = text is not null && ByName.TryGetValue(text, out var network) && network.IsVersion1 ? network : null;
        chain = known?.Chain ?? default;
        return known is not null;
    }

    /// <summary>The short name, or CAIP-2 for a chain without one; <see cref="TryParse"/> reads it back.</summary>
    public static string ShortNameOf(ChainId chain) => Find(chain)?.Name ?? chain.ToString();

    /// <summary>Whether this is a known test network. A chain that we don't know counts as one with real money.</summary>
    public static bool IsTestNetwork(ChainId chain) => Find(chain) is { IsTest: true };

    public static KnownNetwork? Find(ChainId chain) => ByChain.GetValueOrDefault(chain);

    private static KnownNetwork Version1(string name, ulong chain, string displayName, bool isTest = false) =>
        new(name, new ChainId(chain), displayName, isTest, IsVersion1: true);

    private static KnownNetwork Ours(string name, ulong chain, string displayName, bool isTest = false) =>
        new(name, new ChainId(chain), displayName, isTest, IsVersion1: false);
}
