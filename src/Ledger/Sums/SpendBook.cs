using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>What a payment did that changes sums.</summary>
internal enum SpendMoveKind
{
    /// <summary>Reserved: counts as held.</summary>
    Held,

    /// <summary>Settled: counts as spent.</summary>
    Spent,

    /// <summary>Dead: counts no more.</summary>
    Freed,
}

internal readonly record struct SpendMove(Payment Payment, SpendMoveKind Kind);

/// <summary>
/// All retained payments, and the sums that were asked for. A sum is built from the payments when it is first needed, follows their moves,
/// and is forgotten with the policy that named its scope: no edit of a policy hands out a fresh budget.
/// </summary>
internal sealed class SpendBook
{
    // Moves are kept only for sums that have not seen them yet; when so many pile up, building the sums again is cheaper.
    private const int MaxMoves = 1_000_000;

    private readonly List<Payment> _payments = [];
    private readonly List<SpendMove> _moves = [];
    private readonly Dictionary<(string Scope, SpendWindow Window), SpendSeries> _series = new(new SeriesComparer());
    private readonly Dictionary<(string Scope, SpendWindow Window), SpendSeries> _shown = new(new SeriesComparer());

    public IReadOnlyList<Payment> Payments => _payments;

    public void Add(Payment payment)
    {
        _payments.Add(payment);
        Note(payment, SpendMoveKind.Held);
    }

    public void Note(Payment payment, SpendMoveKind kind)
    {
        if (_moves.Count >= MaxMoves)
        {
            Forget();
        }

        if (_series.Count > 0 || _shown.Count > 0)
        {
            _moves.Add(new SpendMove(payment, kind));
        }
    }

    /// <summary>The sum that a limit is about, as of <paramref name="now"/>, to decide by. The limit must be one of the policy in force.</summary>
    public SpendSeries SeriesOf(BudgetLine line, DateTimeOffset now) => SeriesOf(_series, line, now);

    /// <summary>The same to be shown, for a limit of whatever policy the asker had before it.</summary>
    public SpendSeries ShownSeriesOf(BudgetLine line, DateTimeOffset now) =>
        SeriesOf(_series.ContainsKey((line.Scope.Key, line.Window)) ? _series : _shown, line, now);

    /// <summary>Scope keys mean something under one policy only.</summary>
    public void Forget()
    {
        _series.Clear();
        _shown.Clear();
        _moves.Clear();
    }

    // INVARIANT: a sum that decides was built with the scope of a decision. A question may come with the scope of an earlier policy, which
    // chooses other payments under the same key; a sum built for it is never decided by.
    private SpendSeries SeriesOf(Dictionary<(string Scope, SpendWindow Window), SpendSeries> known, BudgetLine line, DateTimeOffset now)
    {
        var key = (line.Scope.Key, line.Window);
        if (!known.TryGetValue(key, out var series))
        {
            series = new SpendSeries(line.Scope, line.Window);
            series.Build(_payments, _moves.Count, now);
            known.Add(key, series);
        }

        series.Advance(_moves, now);
        return series;
    }

    // Comparing zones by their rules would cost more than the sum itself; under one policy the name is enough.
    private sealed class SeriesComparer : IEqualityComparer<(string Scope, SpendWindow Window)>
    {
        public bool Equals((string Scope, SpendWindow Window) x, (string Scope, SpendWindow Window) y) =>
            x.Scope == y.Scope && (x.Window, y.Window) switch
            {
                (SpendWindow.Calendar a, SpendWindow.Calendar b) => a.Period == b.Period && a.Zone.Id == b.Zone.Id,
                _ => x.Window.Equals(y.Window),
            };

        public int GetHashCode((string Scope, SpendWindow Window) key) => HashCode.Combine(key.Scope, key.Window switch
        {
            SpendWindow.Calendar calendar => (int)calendar.Period,
            var other => other.GetHashCode(),
        });
    }
}
