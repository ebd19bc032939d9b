namespace SmartProxy.Protocol;

/// <summary>
/// The dollar tokens with EIP-3009 that the reference packages of x402 know (protocol version 1 and 2), as data. All have six decimals. The
/// EIP-712 name is what the contract answers, and follows no rule: <c>USD Coin</c> on one network, <c>USDC</c> on the next.
/// </summary>
internal static class BuiltInAssets
{
    public static IReadOnlyList<Asset> All { get; } =
    [
        Token(1, "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC", "USD Coin", "2"),
        Token(14, "0xe7cd86e13AC4309349F30B3435a9d337750fC82D", "USDT0", "USD\u20AE0", "1"),
        Token(50, "0xfA2958CB79b0491CC627c1557F441eF849Ca8eb1", "USDC", "USDC", "2"),
        Token(51, "0xb5AB69F7bBada22B28e79C8FFAECe55eF1c771D4", "USDC", "USDC", "2"),
        Token(137, "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", "USDC", "USD Coin", "2"),
        Token(143, "0x754704Bc059F8C67012fEd69BC8A327a5aafb603", "USDC", "USDC", "2"),
        Token(988, "0x779Ded0c9e1022225f8E0630b35a9b54bE713736", "USDT0", "USDT0", "1"),
        Token(1328, "0x4fCF1784B31630811181f670Aea7A7bEF803eaED", "USDC", "USDC", "2"),
        Token(1329, "0xe15fC38F6D8c56aF07bbCBe3BAf5708A2Bf42392", "USDC", "USDC", "2"),
        Token(1514, "0xF1815bd50389c46847f0Bda824eC8da914045D14", "USDC", "Bridged USDC", "2"),
        Token(2201, "0x78Cf24370174180738C5B8E352B6D14c83a6c9A9", "USDT0", "USDT0", "1"),
        Token(2741, "0x84A71ccD554Cc1b02749b35d22F684CC8ec987e1", "USDC", "Bridged USDC", "2"),
        Token(3338, "0xbbA60da06c2c5424f03f7434542280FCAd453d10", "USDC", "USDC", "2"),
        Token(4689, "0xcDf79194C6C285077A58da47641D4dBe51F63542", "USDC", "Bridged USDC", "2"),
        Token(8453, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USDC", "USD Coin", "2"),
        Token(11124, "0xe4C7fBB0a626ed208021ccabA6Be1566905E2dFc", "USDC", "Bridged USDC", "2"),
        Token(36900, "0x9cb8142aEBBcdc60AF7c97Af897A67A8f3CA71C2", "USDC.e", "USDC.e", "2"),
        Token(41923, "0x12a272A581feE5577A5dFa371afEB4b2F3a8C2F8", "USDC", "Bridged USDC (Stargate)", "2"),
        Token(42161, "0xaf88d065e77c8cC2239327C5EDb3A432268e5831", "USDC", "USD Coin", "2"),
        Token(42220, "0xcebA9300f2b948710d2653dD7B07f33A8B32118C", "USDC", "USDC", "2"),
        Token(42220, "0x48065fbBE25f71C9282ddf5e1cD6D6A887483D5e", "USDT", "Tether USD", "1"),
        Token(42220, "0xD2ab3C9A02DBBAB236BfEC45D1d755DF4267F771", "USAT", "Tether America USD", "1"),
        Token(43113, "0x5425890298aed601595a70AB815c96711a31Bc65", "USDC", "USD Coin", "2"),
        Token(43114, "0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E", "USDC", "USD Coin", "2"),
        Token(80002, "0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582", "USDC", "USDC", "2"),
        Token(84532, "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC", "USDC", "2"),
        Token(181228, "0x401eCb1D350407f13ba348573E5630B83638E30D", "USDC.e", "Bridged USDC", "2"),
        Token(190415, "0x401eCb1D350407f13ba348573E5630B83638E30D", "USDC.e", "Bridged USDC", "2"),
        Token(421614, "0x75faf114eafb1BDbe2F0316DF893fd58CE46AA4d", "USDC", "USD Coin", "2"),
        Token(11142220, "0x01C5C0122039549AD1493B8220cABEdD739BC44E", "USDC", "USDC", "2"),
        Token(324705682, "0x2e08028E3C4c2356572E096d8EF835cD5C6030bD", "USDC", "Bridged USDC (SKALE Bridge)", "2"),
    ];

    private static Asset Token(ulong chain, string address, string symbol, string domainName, string domainVersion) =>
        new(new ChainId(chain), EvmAddress.Parse(address), symbol, domainName, domainVersion, Decimals: 6);
}
