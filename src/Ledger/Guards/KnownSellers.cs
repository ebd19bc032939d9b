using System.Runtime.InteropServices;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Whom somebody here has paid before. A payment that was called off makes nobody known.</summary>
internal sealed class KnownSellers
{
    private readonly Dictionary<(Origin Origin, ChainId Network, EvmAddress Recipient), int> _recipients = [];
    private readonly Dictionary<Origin, int> _origins = [];

    public bool IsKnownRecipient(PaymentFacts facts) => _recipients.ContainsKey(KeyOf(facts));

    public bool IsKnownHost(PaymentFacts facts) => facts.Merchant is not null || _origins.ContainsKey(facts.Origin);

    public void Add(Payment payment)
    {
        Count(_recipients, KeyOf(payment.Facts), 1);
        Count(_origins, payment.Facts.Origin, 1);
    }

    public void Aborted(Payment payment)
    {
        Count(_recipients, KeyOf(payment.Facts), -1);
        Count(_origins, payment.Facts.Origin, -1);
    }

    private static void Count<TKey>(Dictionary<TKey, int> counts, TKey key, int by)
        where TKey : notnull
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _);
        count += by;
        if (count == 0)
        {
            counts.Remove(key);
        }
    }

    private static (Origin Origin, ChainId Network, EvmAddress Recipient) KeyOf(PaymentFacts facts) => (facts.Origin, facts.Network, facts.PayTo);
}
