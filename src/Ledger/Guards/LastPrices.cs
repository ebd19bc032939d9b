using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>The last payment at each endpoint (origin, method and path) that was not called off: what it cost last time, whoever paid.</summary>
internal sealed class LastPrices
{
    // The most that a rule can say.
    private const int MostPercent = 10_000;

    private readonly Dictionary<(Origin Origin, string Method, string Path), Endpoint> _endpoints = [];

    /// <summary>The last price there; null when nobody has paid there yet.</summary>
    public Usd? Last(PaymentFacts facts) => _endpoints.TryGetValue(KeyOf(facts), out var endpoint) ? endpoint.Latest?.Facts.Value : null;

    /// <summary>Whether <paramref name="price"/> is dearer than <paramref name="last"/> by more than so many per cent.</summary>
    public static bool IsDearer(Usd price, Usd last, int percent)
    {
        // floor(last × percent / 100) in two parts, so that no price overflows; what is over it by a whole micro-dollar is over the exact value.
        var more = (last.Micros / 100 * (uint)percent) + (last.Micros % 100 * (uint)percent / 100);
        return price > last && price.Micros - last.Micros > more;
    }

    /// <summary>The least per cent with which <paramref name="price"/> is not dearer; null when that is more than a rule can say.</summary>
    public static int? PercentOf(Usd price, Usd last)
    {
        var (low, high) = (0, MostPercent + 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = IsDearer(price, last, middle) ? (middle + 1, high) : (low, middle);
        }

        return low > MostPercent ? null : low;
    }

    public void Add(Payment payment)
    {
        var endpoint = EndpointOf(payment);
        (payment.EarlierAtEndpoint, endpoint.Latest) = (endpoint.Latest, payment);
    }

    /// <summary>A payment was called off: the one before it is the last one again.</summary>
    public void Aborted(Payment payment)
    {
        var endpoint = EndpointOf(payment);
        while (endpoint.Latest is { State: PaymentState.Aborted } aborted)
        {
            endpoint.Latest = aborted.EarlierAtEndpoint;
        }
    }

    // All payments of a kind are made at one endpoint, so it is looked up once for each kind.
    private Endpoint EndpointOf(Payment payment) => payment.Kind!.Endpoint ??= _endpoints.Of(KeyOf(payment.Kind.Facts));

    private static (Origin Origin, string Method, string Path) KeyOf(PaymentFacts facts) => (facts.Origin, facts.Method, facts.Path);
}

/// <summary>What is paid for at one place.</summary>
internal sealed class Endpoint
{
    /// <summary>The newest payment there that was not called off; <see cref="Payment.EarlierAtEndpoint"/> leads to those before.</summary>
    public Payment? Latest { get; set; }
}
