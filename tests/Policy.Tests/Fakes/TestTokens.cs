using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests.Fakes;

/// <summary>The built-in registry with a euro token that is worth 1.10 USD, and a dollar token on a second test network.</summary>
internal static class TestTokens
{
    public static readonly ChainId Base = new(8453);
    public static readonly ChainId Sepolia = new(84532);
    public static readonly ChainId OtherTest = new(11155111);
    public static readonly EvmAddress Usdc = EvmAddress.Parse("0x036CbD53842c5426634e7929541eC2318f3dCF7e");
    public static readonly EvmAddress Eurc = EvmAddress.Parse("0x808456652fdb597867f38412077a9182bf77359f");
    public static readonly EvmAddress MainUsdc = EvmAddress.Parse("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913");

    public static readonly AssetRegistry Registry = AssetRegistry.Default.With(
        [
            new Asset(Sepolia, Eurc, "EURC", "EURC", "2", 6) { UsdPerToken = new Usd(1_100_000) },
            new Asset(OtherTest, Usdc, "USDC", "USDC", "2", 6),
        ],
        []);
}
