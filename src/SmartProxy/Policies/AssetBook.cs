using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>The asset registry as policies see it.</summary>
internal sealed class AssetBook(AssetRegistry registry) : IAssetBook
{
    public Bytes32 Hash => registry.Hash;

    public IEnumerable<Asset> Assets => registry.Assets;

    public Asset? Find(ChainId network, EvmAddress address) => registry.TryFind(network, address, out var asset) ? asset : null;

    public bool TryParseNetwork(string text, out ChainId network) => NetworkNames.TryParse(text, out network);

    public string DisplayName(ChainId network) => NetworkNames.ShortNameOf(network);

    public bool IsTestNetwork(ChainId network) => registry.IsTestNetwork(network);
}
