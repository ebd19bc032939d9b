using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests.Fakes;

/// <summary>A registry with two networks, a dollar token on each, and a euro token that is worth 1.10 USD.</summary>
internal sealed class TestBook : IAssetBook
{
    public static readonly ChainId Base = new(8453);
    public static readonly ChainId Sepolia = new(84532);
    public static readonly ChainId OtherTest = new(11155111);
    public static readonly EvmAddress Usdc = EvmAddress.Parse("0x036CbD53842c5426634e7929541eC2318f3dCF7e");
    public static readonly EvmAddress Eurc = EvmAddress.Parse("0x808456652fdb597867f38412077a9182bf77359f");
    public static readonly EvmAddress MainUsdc = EvmAddress.Parse("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913");

    public static readonly TestBook Instance = new();

    private static readonly Dictionary<string, ChainId> Names = new() { ["base"] = Base, ["base-sepolia"] = Sepolia, ["sepolia"] = OtherTest };

    public Bytes32 Hash { get; init; } = Bytes32.Sha256("registry"u8);

    public IEnumerable<Asset> Assets { get; } =
    [
        new(Base, MainUsdc, "USDC", "USD Coin", "2", 6),
        new(Sepolia, Usdc, "USDC", "USDC", "2", 6),
        new(Sepolia, Eurc, "EURC", "EURC", "2", 6) { UsdPerToken = new Usd(1_100_000) },
        new(OtherTest, Usdc, "USDC", "USDC", "2", 6),
    ];

    public Asset? Find(ChainId network, EvmAddress address) => Assets.FirstOrDefault(a => a.Chain == network && a.Address == address);

    public bool TryParseNetwork(string text, out ChainId network) => Names.TryGetValue(text, out network) || ChainId.TryParse(text, out network);

    public string DisplayName(ChainId network) => Names.FirstOrDefault(n => n.Value == network).Key ?? network.ToString();

    public bool IsTestNetwork(ChainId network) => network == Sepolia || network == OtherTest;
}
