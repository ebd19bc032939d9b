using System.Numerics;
using SmartProxy.Protocol;

namespace SmartProxy.TestKit;

/// <summary>An offer that the default registry knows; tests say with <c>with</c> what is different about theirs.</summary>
public static class SampleOffer
{
    private static readonly Asset Usdc = AssetRegistry.Default.Assets.First(asset => asset.Chain == new ChainId(84532) && asset.Symbol == "USDC");

    /// <summary>One cent in USDC on Base Sepolia.</summary>
    public static PaymentOffer Cent { get; } = new()
    {
        Rail = "x402",
        Version = 2,
        Index = 0,
        Scheme = "exact",
        Network = Usdc.Chain,
        NetworkText = Usdc.Chain.ToString(),
        Amount = new BigInteger(10_000),
        Asset = Usdc.Address,
        PayTo = EvmAddress.Parse("0x1111111111111111111111111111111111111111"),
        MaxTimeoutSeconds = 60,
        DomainName = Usdc.DomainName,
        DomainVersion = Usdc.DomainVersion,
        Original = "{}",
    };
}
