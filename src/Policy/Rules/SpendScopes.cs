using System.Diagnostics;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>Makes the sets of payments that limits sum over, under one policy.</summary>
internal sealed class SpendScopes(HostMap hosts, AssetRegistry registry)
{
    /// <summary>Every payment of everyone.</summary>
    public static readonly SpendScope Everything = new("*", static _ => true);

    public static SpendScope OfAgent(AgentId agent) => new($"agent={agent}", facts => facts.Agent == agent) { Agent = agent };

    public static SpendScope OfOrigin(Origin origin) => new($"origin={origin}", facts => facts.Origin == origin);

    /// <summary>Null means all hosts that no merchant names: they share the counter <c>?</c>, so that a seller can't hand out budget by hiding behind new names.</summary>
    public SpendScope OfMerchant(string? merchant) => new($"merchant={merchant ?? "?"}", facts => IsMerchant(facts, merchant));

    /// <summary>The counter that a purchase has of its own.</summary>
    public SpendScope OfEach(SpendScope wider, EachBy by, in Purchase purchase) => by switch
    {
        EachBy.Merchant => Both(wider, OfMerchant(purchase.Site.Merchant?.Name)),
        EachBy.Category => Both(wider, OfCategory(purchase.Site.Category)),
        EachBy.Recipient => Both(wider, OfRecipient(purchase.PayTo)),
    };

    /// <summary>What a selector of <c>in</c> narrows to.</summary>
    public SpendScope Narrow(SpendScope wider, Selector selector) => Both(wider, selector switch
    {
        Selector.Merchant merchant => OfMerchant(merchant.Name),
        Selector.Category category => OfCategory(category.Name),
        Selector.Host host => new($"host={host.Pattern}", facts => host.Pattern.Matches(Target.Of(facts.Origin))),
        Selector.Network network => new($"network={network.Chain}", facts => facts.Network == network.Chain),
        Selector.Asset asset => new($"asset={asset.Symbol}", facts => registry.TryFind(facts.Network, facts.Asset, out var token) && token.Symbol == asset.Symbol),
        Selector.Endpoint endpoint => new($"endpoint={endpoint}", facts => IsMerchant(facts, endpoint.Seller) && endpoint.MayMatch(facts.Method, RequestPath.Of(facts.Path))),
        _ => throw new UnreachableException(),
    });

    private static SpendScope Both(SpendScope wider, SpendScope narrower) => ReferenceEquals(wider, Everything)
        ? narrower
        : new SpendScope($"{wider.Key}&{narrower.Key}", facts => wider.Matches(facts) && narrower.Matches(facts)) { Agent = wider.Agent };

    private static SpendScope OfRecipient(EvmAddress payTo) => new($"recipient={payTo}", facts => facts.PayTo == payTo);

    private SpendScope OfCategory(string? category) => new($"category={category ?? "?"}", facts => facts.Category == category || hosts.Locate(facts.Origin).Category == category);

    // INVARIANT: recorded or now. With only one of them, an edit of the file would hand out a fresh budget.
    private bool IsMerchant(PaymentFacts facts, string? merchant) =>
        facts.Merchant == merchant || hosts.Locate(facts.Origin).Merchant?.Name == merchant;
}
