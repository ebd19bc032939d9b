using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>Puts the file's own tokens and test networks onto the asset registry, where they make sense.</summary>
internal sealed class TokenChecker(PolicyDocument file, ProblemList problems)
{
    public AssetRegistry Extend(AssetRegistry registry)
    {
        foreach (var (network, at) in file.TestNetworks)
        {
            if (NetworkNames.Find(network) is { IsTest: false } known)
            {
                problems.Add(at, $"expected a network without real money, found `{known.Name}`, where money is real: remove it");
            }
        }

        var tokens = new Dictionary<(ChainId, EvmAddress), TokenEntry>();
        foreach (var token in file.Tokens)
        {
            if (!tokens.TryAdd((token.Asset.Chain, token.Asset.Address), token))
            {
                problems.Add(token.At, $"expected each token once, found `{token.Asset.Address}` on {NetworkNames.ShortNameOf(token.Asset.Chain)} again: keep one of them");
            }
        }

        var extended = registry.With(tokens.Values.Select(t => t.Asset), file.TestNetworks.Select(n => n.Value));
        foreach (var token in tokens.Values)
        {
            Warn(token, extended);
        }

        return extended;
    }

    private void Warn(TokenEntry token, AssetRegistry registry)
    {
        var network = NetworkNames.ShortNameOf(token.Asset.Chain);
        if (file.Networks is { } networks && networks.All(n => n.Value != token.Asset.Chain))
        {
            problems.Warn(token.At, $"nothing is paid on {network}, for it is not among `networks`: this token is never used");
        }

        if (registry.Assets.FirstOrDefault(a => a.Chain == token.Asset.Chain && a.Symbol == token.Asset.Symbol && a.Address != token.Asset.Address) is { } other)
        {
            problems.Warn(token.At, $"`{token.Asset.Symbol}` on {network} is also {other.Address}: `assets` lets both in");
        }
    }
}
