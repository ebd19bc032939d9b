using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>The last payment at each endpoint (origin, method and path) that was not called off: what it cost last time, whoever paid.</summary>
internal sealed class LastPrices
{
    // The most that a rule can say.
    private const int MostPercent = 10_000;

    private readonly HashSet<Payment> _latest = new(new ByEndpoint());

    /// <summary>The last price there; null when nobody has paid there yet.</summary>
    public Usd? Last(PaymentFacts facts) => _latest.GetAlternateLookup<PaymentFacts>().TryGetValue(facts, out var payment) ? payment.Facts.Value : null;

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
        if (_latest.TryGetValue(payment, out var earlier))
        {
            payment.EarlierAtEndpoint = earlier;
            _latest.Remove(earlier);
        }

        _latest.Add(payment);
    }

    /// <summary>A payment was called off: the one before it is the last one again.</summary>
    public void Aborted(Payment payment)
    {
        if (!_latest.TryGetValue(payment, out var latest) || latest != payment)
        {
            return;
        }

        _latest.Remove(payment);
        var earlier = payment.EarlierAtEndpoint;
        while (earlier is { State: PaymentState.Aborted })
        {
            earlier = earlier.EarlierAtEndpoint;
        }

        if (earlier is not null)
        {
            _latest.Add(earlier);
        }
    }

    private sealed class ByEndpoint : IEqualityComparer<Payment>, IAlternateEqualityComparer<PaymentFacts, Payment>
    {
        public bool Equals(Payment? x, Payment? y) => ReferenceEquals(x, y) || (x is not null && y is not null && Equals(x.Facts, y));

        public bool Equals(PaymentFacts alternate, Payment other) =>
            alternate.Origin == other.Facts.Origin && alternate.Method == other.Facts.Method && alternate.Path == other.Facts.Path;

        public int GetHashCode(Payment payment) => GetHashCode(payment.Facts);

        public int GetHashCode(PaymentFacts alternate) => HashCode.Combine(alternate.Origin, alternate.Method, alternate.Path);

        public Payment Create(PaymentFacts alternate) => throw new NotSupportedException("facts alone are no payment");
    }
}
