using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// All retained payments, and the sums that were asked for. A sum is built from the payments when it is first needed, follows their moves,
/// and is forgotten with the policy that named its scope: no edit of a policy hands out a fresh budget.
/// </summary>
internal sealed class SpendBook
{
    private readonly List<Payment> _payments = [];
    private readonly Dictionary<AgentId, Shelf> _shelves = [];
    private readonly List<ScopeWatcher> _wide = [];
    private readonly Dictionary<SeriesKey, SpendSeries> _series = new(new SeriesComparer());
    private readonly Dictionary<SeriesKey, SpendSeries> _shown = new(new SeriesComparer());
    private readonly Dictionary<string, Breaker> _breakers = new(StringComparer.Ordinal);
    private long _longestLife;

    public IReadOnlyList<Payment> Payments => _payments;

    /// <summary>Makes room.</summary>
    public void Expect(int payments) => _payments.EnsureCapacity(payments);

    public void Add(Payment payment)
    {
        _payments.Add(payment);
        _longestLife = Math.Max(_longestLife, payment.ValidBefore.UtcTicks - payment.ReservedAt.UtcTicks);
        payment.Kind = KindOf(payment.Facts);
        payment.Kind.Add(payment);
    }

    /// <summary>Tells the sums that a payment is not what it was.</summary>
    public static void Moved(Payment payment, PaymentState from, DateTimeOffset now) => payment.Kind!.Moved(payment, from, now);

    /// <summary>The sum that a limit is about, as of <paramref name="now"/>, to decide by. The limit must be one of the policy in force.</summary>
    public SpendSeries SeriesOf(BudgetLine line, DateTimeOffset now) => SeriesOf(_series, line, now);

    /// <summary>The same to be shown, for a limit of whatever policy the asker had before it.</summary>
    public SpendSeries ShownSeriesOf(BudgetLine line, DateTimeOffset now) => SeriesOf(_series.ContainsKey(KeyOf(line)) ? _series : _shown, line, now);

    /// <summary>How the payments of a scope of the policy in force have ended.</summary>
    public Breaker BreakerOf(SpendScope scope)
    {
        if (!_breakers.TryGetValue(scope.Key, out var breaker))
        {
            breaker = new Breaker(scope);
            Show(breaker);
            _breakers.Add(scope.Key, breaker);
        }

        return breaker;
    }

    /// <summary>Scope keys mean something under one policy only.</summary>
    public void Forget()
    {
        _series.Clear();
        _shown.Clear();
        _breakers.Clear();
        _wide.Clear();
        foreach (var shelf in _shelves.Values)
        {
            shelf.Own.Clear();
            foreach (var kind in shelf.Kinds.Values)
            {
                kind.Watchers.Clear();
            }
        }
    }

    // INVARIANT: a sum that decides was built with the scope of a decision. A question may come with the scope of an earlier policy, which
    // chooses other payments under the same key; a sum built for it is never decided by.
    private SpendSeries SeriesOf(Dictionary<SeriesKey, SpendSeries> known, BudgetLine line, DateTimeOffset now)
    {
        var key = KeyOf(line);
        if (!known.TryGetValue(key, out var series))
        {
            series = new SpendSeries(line.Scope, line.Window, line.Limit.Measure, now);
            Show(series);
            known.Add(key, series);
        }

        series.Advance(now);
        return series;
    }

    private void Show(ScopeWatcher watcher)
    {
        var earliest = watcher.EarliestReservation(_longestLife);
        if (watcher.Scope.Agent is { } agent)
        {
            var shelf = ShelfOf(agent);
            shelf.Own.Add(watcher);
            shelf.Show(watcher, earliest);
            return;
        }

        _wide.Add(watcher);
        foreach (var shelf in _shelves.Values)
        {
            shelf.Show(watcher, earliest);
        }
    }

    private PaymentKind KindOf(PaymentFacts facts)
    {
        var shelf = ShelfOf(facts.Agent);
        if (!shelf.Kinds.TryGetValue(facts, out var kind))
        {
            kind = new PaymentKind(facts);
            kind.Watchers.AddRange(shelf.Own.Where(watcher => watcher.Scope.Matches(facts)));
            kind.Watchers.AddRange(_wide.Where(watcher => watcher.Scope.Matches(facts)));
            shelf.Kinds.Add(facts, kind);
        }

        return kind;
    }

    private Shelf ShelfOf(AgentId agent)
    {
        if (!_shelves.TryGetValue(agent, out var shelf))
        {
            shelf = new Shelf();
            _shelves.Add(agent, shelf);
        }

        return shelf;
    }

    private static SeriesKey KeyOf(BudgetLine line) => new(line.Scope.Key, line.Window, line.Limit.Measure);

    /// <summary>The payments of one agent, and the sums that are about this agent only.</summary>
    private sealed class Shelf
    {
        public Dictionary<PaymentFacts, PaymentKind> Kinds { get; } = new(new PaymentKind.Comparer());

        public List<ScopeWatcher> Own { get; } = [];

        public void Show(ScopeWatcher watcher, long earliest)
        {
            foreach (var kind in Kinds.Values)
            {
                kind.Show(watcher, earliest);
            }
        }
    }

    private readonly record struct SeriesKey(string Scope, SpendWindow Window, SpendMeasure Measure);

    // Comparing zones by their rules would cost more than the sum itself; under one policy the name is enough.
    private sealed class SeriesComparer : IEqualityComparer<SeriesKey>
    {
        public bool Equals(SeriesKey x, SeriesKey y) =>
            x.Scope == y.Scope && x.Measure == y.Measure && (x.Window, y.Window) switch
            {
                (SpendWindow.Calendar a, SpendWindow.Calendar b) => a.Period == b.Period && a.Zone.Id == b.Zone.Id,
                _ => x.Window.Equals(y.Window),
            };

        public int GetHashCode(SeriesKey key) => HashCode.Combine(key.Scope, key.Measure, key.Window switch
        {
            SpendWindow.Calendar calendar => (int)calendar.Period,
            var other => other.GetHashCode(),
        });
    }
}
