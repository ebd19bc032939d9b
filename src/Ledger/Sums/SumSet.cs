using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>The sums and breakers that were asked for under one policy. Each is built from the payments when it is first needed, and then follows them.</summary>
internal sealed class SumSet(SpendBook book)
{
    private readonly Dictionary<SeriesKey, SpendSeries> _series = new(new SeriesComparer());
    private readonly Dictionary<string, Breaker> _breakers = new(StringComparer.Ordinal);

    public bool Has(BudgetLine line) => _series.ContainsKey(KeyOf(line));

    /// <summary>The sum that a limit is about, as of <paramref name="now"/>.</summary>
    public SpendSeries SeriesOf(BudgetLine line, DateTimeOffset now)
    {
        var key = KeyOf(line);
        if (!_series.TryGetValue(key, out var series))
        {
            series = new SpendSeries(line.Scope, line.Window, line.Limit.Measure, now);
            book.Show(series);
            _series.Add(key, series);
        }

        series.Advance(now);
        return series;
    }

    /// <summary>How the payments of a scope have ended.</summary>
    public Breaker BreakerOf(SpendScope scope)
    {
        if (!_breakers.TryGetValue(scope.Key, out var breaker))
        {
            breaker = new Breaker(scope);
            book.Show(breaker);
            _breakers.Add(scope.Key, breaker);
        }

        return breaker;
    }

    public void Clear()
    {
        _series.Clear();
        _breakers.Clear();
    }

    private static SeriesKey KeyOf(BudgetLine line) => new(line.Scope.Key, line.Window, line.Limit.Measure);

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
