using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>What policy needs to know of the operator's registry of networks and tokens.</summary>
public interface IAssetBook
{
    /// <summary>Hash of the registry's text; a policy is judged under it, so it is part of the policy's hash.</summary>
    Bytes32 Hash { get; }

    /// <summary>Every token of the registry.</summary>
    IEnumerable<Asset> Assets { get; }

    /// <summary>The token at an address, or null. Called for every offer: a dictionary look-up.</summary>
    Asset? Find(ChainId network, EvmAddress address);

    /// <summary>Reads a short name (<c>base</c>) or a CAIP-2 id (<c>eip155:8453</c>).</summary>
    bool TryParseNetwork(string text, out ChainId network);

    /// <summary>The short name, or the CAIP-2 id of a network without one.</summary>
    string DisplayName(ChainId network);

    /// <summary>Whether the network's tokens are worthless by declaration.</summary>
    bool IsTestNetwork(ChainId network);
}
