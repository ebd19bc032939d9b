using System.Diagnostics;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>What limits are chosen by: one offer for one request.</summary>
/// <param name="Site">Where.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Path">The request's path.</param>
/// <param name="Asset">The token, by the registry.</param>
/// <param name="PayTo">The recipient.</param>
internal readonly record struct Purchase(Site Site, string Method, RequestPath Path, Asset Asset, EvmAddress PayTo)
{
    /// <summary>Whether a selector of <c>in</c> covers it.</summary>
    public bool IsIn(Selector selector) => selector switch
    {
        Selector.Merchant merchant => Site.Merchant?.Name == merchant.Name,
        Selector.Category category => Site.Category == category.Name,
        Selector.Host host => host.Pattern.Matches(Site.Target),
        Selector.Network network => Asset.Chain == network.Chain,
        Selector.Asset asset => Asset.Symbol == asset.Symbol,
        Selector.Endpoint endpoint => Site.Merchant?.Name == endpoint.Seller && endpoint.MayMatch(Method, Path),
        _ => throw new UnreachableException(),
    };
}
