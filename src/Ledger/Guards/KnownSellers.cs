using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Whom somebody here has paid before. A payment that was called off makes nobody known.</summary>
internal sealed class KnownSellers
{
    private readonly Dictionary<(Origin Origin, ChainId Network, EvmAddress Recipient), PaymentCount> _recipients = [];
    private readonly Dictionary<Origin, PaymentCount> _origins = [];

    public bool IsKnownRecipient(PaymentFacts facts) => _recipients.TryGetValue(RecipientOf(facts), out var count) && count.Payments > 0;

    public bool IsKnownHost(PaymentFacts facts) => facts.Merchant is not null || (_origins.TryGetValue(facts.Origin, out var count) && count.Payments > 0);

    public void Add(Payment payment) => Count(payment, 1);

    public void Aborted(Payment payment) => Count(payment, -1);

    // All payments of a kind have one seller, so it is looked up once for each kind.
    private void Count(Payment payment, int by)
    {
        var kind = payment.Kind!;
        var (recipient, origin) = kind.Seller ??= (_recipients.Of(RecipientOf(kind.Facts)), _origins.Of(kind.Facts.Origin));
        recipient.Payments += by;
        origin.Payments += by;
    }

    private static (Origin Origin, ChainId Network, EvmAddress Recipient) RecipientOf(PaymentFacts facts) => (facts.Origin, facts.Network, facts.PayTo);
}

/// <summary>How many payments there were that were not called off.</summary>
internal sealed class PaymentCount
{
    public int Payments { get; set; }
}
