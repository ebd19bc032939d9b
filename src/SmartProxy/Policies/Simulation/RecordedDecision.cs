using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies.Simulation;

/// <summary>A decision of the past, paid or refused, as far as the journal tells it.</summary>
/// <param name="Id">Its payment.</param>
/// <param name="At">When.</param>
/// <param name="Agent">Who asked.</param>
/// <param name="Context">For what.</param>
/// <param name="Merchant">The operator's name for the seller, where it is on record, or its origin.</param>
/// <param name="RequestDigest">Digest of the request.</param>
/// <param name="TermsHash">Digest of the terms.</param>
/// <param name="Value">Its dollar value, where it is known.</param>
/// <param name="Reason">Why it was refused; null when it was paid.</param>
internal sealed record RecordedDecision(
    PaymentId Id, DateTimeOffset At, AgentId Agent, PaymentContext Context, string Merchant, Bytes32 RequestDigest, Bytes32 TermsHash, Usd? Value, string? Reason)
{
    /// <summary>What was reserved; null for a refusal.</summary>
    public JournalEntry.Reserved? Paid { get; init; }

    /// <summary>What is on record of the offer that was refused; null for a payment.</summary>
    public RefusalFigures? Figures { get; init; }

    // Everything that another policy, or the sums and guards that it asks for, could answer differently.
    private static readonly FrozenSet<string> OfPolicies = new[]
    {
        ReserveRefusal.BudgetExceeded, ReserveRefusal.CountExceeded, ReserveRefusal.RecipientChanged, ReserveRefusal.PriceDrift,
        ReserveRefusal.RequestLoop, ReserveRefusal.MerchantSuspended, ReserveRefusal.ApprovalPending, ReserveRefusal.ApprovalDenied,
    }.Select(Words.Of).Concat(Enum.GetValues<DenyReason>().Where(reason => reason is not DenyReason.AmountOverMaxPrice).Select(Words.Of)).ToFrozenSet();

    private static readonly string DomainMismatch = Words.Of(DenyReason.AssetDomainMismatch);
    private static readonly string MethodNotPayable = Words.Of(DenyReason.MethodNotPayable);

    /// <summary>Whether the policy could change it: a freeze, a twin or the agent's own ceiling refuse under every policy.</summary>
    public bool IsOfPolicies => Reason is null || OfPolicies.Contains(Reason);

    public static RecordedDecision Of(JournalEntry.Reserved paid, DateTimeOffset at) =>
        new(paid.Id, at, paid.Facts.Agent, paid.Context, paid.Facts.Merchant ?? paid.Facts.Origin.ToString(), paid.RequestDigest, paid.TermsHash, paid.Facts.Value, Reason: null) { Paid = paid };

    public static RecordedDecision Of(LedgerEvent.Refused refused, DateTimeOffset at) =>
        new(refused.Decision, at, refused.Agent, refused.Context, refused.Context.Origin.ToString(), refused.RequestDigest, refused.TermsHash, refused.Figures.Price, refused.Reason)
        {
            Figures = refused.Figures,
        };

    /// <summary>The question as it was put, or null where the record does not say enough.</summary>
    /// <param name="registry">What a seller is taken to have said of a token, where that is not on record.</param>
    public PaymentQuestion? ToQuestion(AssetRegistry registry)
    {
        var offer = Paid is not null ? OfferOf(Paid) : Reason == DomainMismatch ? null : OfferOf(Figures!, registry);
        return offer is null ? null : new PaymentQuestion(Agent, Context.Method, IsUpgrade(), Context.Origin, offer) { Path = Context.Path, At = At };
    }

    private PaymentOffer OfferOf(JournalEntry.Reserved paid)
    {
        var terms = paid.Authorization.Terms;
        return Offer(terms.Chain, terms.Asset, terms.To, (BigInteger)terms.Value.Units, terms.DomainName, terms.DomainVersion);
    }

    private PaymentOffer? OfferOf(RefusalFigures figures, AssetRegistry registry)
    {
        if (figures is not { Network: { } network, Asset: { } asset, PayTo: { } payTo } || !BigInteger.TryParse(figures.Amount, NumberStyles.None, CultureInfo.InvariantCulture, out var amount))
        {
            return null;
        }

        var known = registry.TryFind(network, asset, out var found) ? found : null;
        return Offer(network, asset, payTo, amount, known?.DomainName ?? "", known?.DomainVersion ?? "");
    }

    private PaymentOffer Offer(ChainId network, EvmAddress asset, EvmAddress payTo, BigInteger amount, string name, string version) => new()
    {
        Rail = Context.Rail,
        Version = Context.ProtocolVersion,
        Index = 0,
        Scheme = Context.Scheme ?? "",
        Network = network,
        NetworkText = "",
        Amount = amount,
        Asset = asset,
        PayTo = payTo,
        MaxTimeoutSeconds = PolicyEvaluator.DefaultValidSeconds,
        DomainName = name,
        DomainVersion = version,
        Original = "",
    };

    // Not on record; but of the methods that are paid, only an upgrade is refused for its method.
    private bool IsUpgrade() => Reason == MethodNotPayable && Context.Method is not ("HEAD" or "OPTIONS" or "TRACE" or "CONNECT");
}
