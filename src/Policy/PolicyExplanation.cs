using System.Numerics;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>Asks a policy about a purchase that nobody has made.</summary>
public static class PolicyExplanation
{
    // Stands for a recipient that the seller would name; not zero, for that one is always refused.
    private static readonly EvmAddress SomeRecipient = EvmAddress.Parse("0x000000000000000000000000000000000000dead");

    /// <summary>
    /// The verdict on a request for <paramref name="price"/> (without one: the least there is) in the agent's first token; null when the agent is known and none of its tokens is in the
    /// registry. Without <paramref name="payTo"/> a recipient is taken that the rules accept, where they name one.
    /// </summary>
    public static Verdict? Judge(PolicySet policy, AgentId agent, string method, Origin origin, string path, Usd? price, DateTimeOffset at, EvmAddress? payTo = null)
    {
        var rule = policy.Agents.Find(agent);
        var merchant = policy.Hosts.Locate(origin).Merchant;
        var assets = policy.Registry.Assets.Where(a => policy.Networks.Contains(a.Chain));
        var asset = rule is null
            ? assets.FirstOrDefault()
            : assets.FirstOrDefault(a => rule.Networks.Contains(a.Chain) && merchant?.Networks?.Contains(a.Chain) != false && rule.Assets.Contains(a.Symbol));
        if (asset is null)
        {
            return null;
        }

        var listed = (merchant?.Recipients ?? rule?.Recipients)?.Listed ?? [];
        var recipient = payTo ?? listed.Select(a => (EvmAddress?)a).FirstOrDefault() ?? SomeRecipient;
        return new PolicyEvaluator(policy).Judge(new PaymentQuestion(agent, method, IsUpgrade: false, origin, Offer(asset, price, recipient)) { Path = path, At = at });
    }

    private static PaymentOffer Offer(Asset asset, Usd? price, EvmAddress payTo) => new()
    {
        Rail = "x402",
        Version = 2,
        Index = 0,
        Scheme = "exact",
        Network = asset.Chain,
        NetworkText = asset.Chain.ToString(),
        Amount = price is { } dollars ? Units(asset, dollars) : BigInteger.One,
        Asset = asset.Address,
        PayTo = payTo,
        MaxTimeoutSeconds = 60,
        DomainName = asset.DomainName,
        DomainVersion = asset.DomainVersion,
        Original = "{}",
    };

    // The most units that are still worth no more than the price.
    private static BigInteger Units(Asset asset, Usd price) =>
        asset.UsdPerToken == Usd.Zero ? BigInteger.Zero : (BigInteger)price.Micros * BigInteger.Pow(10, asset.Decimals) / (BigInteger)asset.UsdPerToken.Micros;
}
