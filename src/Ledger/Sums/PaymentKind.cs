using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// All payments with the same facts but for the value. A scope chooses all of a kind or none, so it is asked once for each kind and not for each
/// payment; and a million payments share the texts of their kinds.
/// </summary>
internal sealed class PaymentKind(PaymentFacts facts)
{
    public PaymentFacts Facts => facts;

    /// <summary>The newest of them, from which <see cref="Payment.EarlierOfKind"/> leads to the others.</summary>
    public Payment? Latest { get; private set; }

    /// <summary>What those are worth that settled.</summary>
    public UInt128 SpentValue { get; private set; }

    /// <summary>What those are worth that have not settled and may have been signed.</summary>
    public UInt128 HeldValue { get; private set; }

    public int SpentCount { get; private set; }

    public int HeldCount { get; private set; }

    /// <summary>Where they are made, once it was asked for.</summary>
    public Endpoint? Endpoint { get; set; }

    /// <summary>How many were made to their recipient and to their origin by whomever, once it was asked for.</summary>
    public (PaymentCount Recipient, PaymentCount Origin)? Seller { get; set; }

    /// <summary>The sums that count them.</summary>
    public List<ScopeWatcher> Watchers { get; } = [];

    public void Add(Payment payment)
    {
        payment.Facts = payment.Facts.Value == facts.Value ? facts : facts with { Value = payment.Facts.Value };
        (payment.EarlierOfKind, Latest) = (Latest, payment);
        (HeldValue, HeldCount) = (HeldValue + payment.Facts.Value.Micros, HeldCount + 1);
        foreach (var watcher in Watchers)
        {
            watcher.Add(payment);
        }
    }

    /// <summary>A payment is not what it was.</summary>
    public void Moved(Payment payment, PaymentState from, DateTimeOffset now)
    {
        var value = payment.Facts.Value.Micros;
        var (before, after) = (ShareOf(from), ShareOf(payment.State));
        if (before != after)
        {
            (HeldValue, HeldCount) = before == Share.Held ? (HeldValue - value, HeldCount - 1) : (HeldValue, HeldCount);
            (SpentValue, SpentCount) = before == Share.Spent ? (SpentValue - value, SpentCount - 1) : (SpentValue, SpentCount);
            (SpentValue, SpentCount) = after == Share.Spent ? (SpentValue + value, SpentCount + 1) : (SpentValue, SpentCount);
        }

        foreach (var watcher in Watchers)
        {
            watcher.Move(payment, from, now);
        }
    }

    /// <summary>Shows the payments that it chooses to a new sum.</summary>
    public void Show(ScopeWatcher watcher, long earliest)
    {
        if (!watcher.Scope.Matches(facts))
        {
            return;
        }

        Watchers.Add(watcher);
        if (watcher.TakesTotals)
        {
            watcher.AddTotals(this);
            return;
        }

        for (var payment = Latest; payment is not null && payment.ReservedAt.UtcTicks >= earliest; payment = payment.EarlierOfKind)
        {
            watcher.Add(payment);
        }
    }

    // Nothing becomes held again: what was signed is spent, or proven dead.
    private static Share ShareOf(PaymentState state) => state switch
    {
        PaymentState.Reserved or PaymentState.Sent or PaymentState.InDoubt => Share.Held,
        PaymentState.Settled or PaymentState.Proven or PaymentState.Voided => Share.Spent,
        PaymentState.Aborted or PaymentState.Expired => Share.None,
    };

    /// <summary>Facts are of one kind when everything but the value is the same.</summary>
    public sealed class Comparer : IEqualityComparer<PaymentFacts>
    {
        public bool Equals(PaymentFacts? x, PaymentFacts? y) =>
            ReferenceEquals(x, y)
            || (x is not null && y is not null
                && x.Agent == y.Agent && x.Group == y.Group && x.Policy == y.Policy
                && x.Origin == y.Origin && x.Merchant == y.Merchant && x.Category == y.Category
                && x.Network == y.Network && x.Asset == y.Asset && x.PayTo == y.PayTo
                && x.Method == y.Method && x.Path == y.Path);

        public int GetHashCode(PaymentFacts facts) => HashCode.Combine(facts.Agent, facts.Origin, facts.PayTo, facts.Method, facts.Path, facts.Merchant);
    }
}
