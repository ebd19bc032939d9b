using System.Numerics;

namespace SmartProxy.Policy.Analysis;

/// <param name="Most">The most; null when there is no limit.</param>
/// <param name="IsExact">Whether it can be reached; otherwise it is more than can be.</param>
/// <param name="Amounts">What each column takes in a solution that reaches it; empty where there is none.</param>
/// <param name="Cells">How large the part was that could not be made smaller: its rows times its columns.</param>
internal sealed record PackingSolution(Fraction? Most, bool IsExact, IReadOnlyList<Fraction> Amounts, int Cells = 0);

/// <summary>
/// How much can be put into columns when rows limit weighted sums of them. Made smaller first, without changing the answer: a row of one column is
/// that column's bound, a row that cannot bind goes, columns in the same rows are one. That alone solves nested limits; the rest goes to <see cref="ExactSimplex"/>.
/// </summary>
internal sealed class PackingProgram
{
    private readonly List<Column> _columns = [];
    private readonly List<Row> _rows = [];
    private int _given;

    public int AddColumn()
    {
        _columns.Add(new Column([]));
        return _given++;
    }

    /// <summary>At most <paramref name="most"/> over the sum of columns times weight; a column stands once.</summary>
    public void AddRow(BigInteger most, IEnumerable<(int Column, BigInteger Weight)> weights)
    {
        var row = new Row(most);
        foreach (var (column, weight) in weights)
        {
            row.Weights.Add(column, weight);
            _columns[column].Rows.Add(_rows.Count);
        }

        _rows.Add(row);
    }

    public PackingSolution Solve()
    {
        while (Shrink())
        {
        }

        var live = Live();
        if (live.Any(c => _columns[c].Rows.Count == 0 && _columns[c].Bound is null))
        {
            return new PackingSolution(null, true, []);
        }

        var free = live.Where(c => _columns[c].Rows.Count == 0).ToList();
        var tied = live.Where(c => _columns[c].Rows.Count > 0).ToList();
        var sum = free.Aggregate(BigInteger.Zero, (total, c) => total + _columns[c].Bound!.Value);
        if (tied.Count == 0)
        {
            return new PackingSolution(sum, true, Spread(free.Select(c => (c, (Fraction)_columns[c].Bound!.Value))));
        }

        var rows = _rows.Where(r => r.Weights.Count > 0).ToList();
        var bounded = tied.Where(c => _columns[c].Bound is not null).ToList();
        var cells = (long)(rows.Count + bounded.Count + 1) * (tied.Count + 1);
        if (cells > ExactSimplex.MaxCells)
        {
            return new PackingSolution(sum + Cover(tied), false, [], ExactSimplex.MaxCells);
        }

        var place = tied.Select((c, i) => (c, i)).ToDictionary(p => p.c, p => p.i);
        var a = rows.Select(r => Dense(r.Weights.Select(w => (place[w.Key], w.Value)), tied.Count))
            .Concat(bounded.Select(c => Dense([(place[c], BigInteger.One)], tied.Count)))
            .ToArray();
        var x = ExactSimplex.Maximize(a, [.. rows.Select(r => r.Most), .. bounded.Select(c => _columns[c].Bound!.Value)])!;
        var all = free.Select(c => (c, (Fraction)_columns[c].Bound!.Value)).Concat(tied.Select((c, i) => (c, x[i])));
        return new PackingSolution(x.Aggregate((Fraction)sum, static (total, value) => total + value), true, Spread(all), (int)cells);
    }

    private List<int> Live() => [.. Enumerable.Range(0, _columns.Count).Where(c => !_columns[c].IsMerged)];

    private bool Shrink()
    {
        var before = (_rows.Count(r => r.Weights.Count > 0), _columns.Count(c => !c.IsMerged));
        for (var r = 0; r < _rows.Count; r++)
        {
            Settle(r);
        }

        foreach (var same in Enumerable.Range(0, _rows.Count).Where(r => _rows[r].Weights.Count > 0).GroupBy(r => Key(_rows[r].Weights)).Where(g => g.Skip(1).Any()).ToList())
        {
            var least = same.MinBy(r => _rows[r].Most);
            foreach (var row in same.Where(r => r != least))
            {
                Drop(row);
            }
        }

        foreach (var same in Live().GroupBy(c => Key([.. _columns[c].Rows.Select(r => KeyValuePair.Create(r, _rows[r].Weights[c]))])).Where(g => g.Skip(1).Any()).ToList())
        {
            Merge([.. same]);
        }

        return before != (_rows.Count(r => r.Weights.Count > 0), _columns.Count(c => !c.IsMerged));
    }

    // A row of one column is a bound; a row that the bounds keep anyway is nothing.
    private void Settle(int index)
    {
        var row = _rows[index];
        if (row.Weights.Count == 1)
        {
            var (column, weight) = row.Weights.First();
            var bound = row.Most / weight;
            _columns[column].Bound = _columns[column].Bound is { } known ? BigInteger.Min(known, bound) : bound;
            Drop(index);
        }
        else if (row.Weights.Count > 1
            && row.Weights.Keys.All(c => _columns[c].Bound is not null)
            && row.Weights.Aggregate(BigInteger.Zero, (sum, w) => sum + w.Value * _columns[w.Key].Bound!.Value) <= row.Most)
        {
            Drop(index);
        }
    }

    private void Drop(int index)
    {
        foreach (var column in _rows[index].Weights.Keys)
        {
            _columns[column].Rows.Remove(index);
        }

        _rows[index].Weights.Clear();
    }

    private void Merge(IReadOnlyList<int> same)
    {
        var merged = new Column(same)
        {
            Bound = same.All(c => _columns[c].Bound is not null) ? same.Aggregate(BigInteger.Zero, (sum, c) => sum + _columns[c].Bound!.Value) : null,
        };
        foreach (var row in _columns[same[0]].Rows)
        {
            var weight = _rows[row].Weights[same[0]];
            foreach (var column in same)
            {
                _rows[row].Weights.Remove(column);
            }

            _rows[row].Weights.Add(_columns.Count, weight);
            merged.Rows.Add(row);
        }

        foreach (var column in same)
        {
            _columns[column].IsMerged = true;
            _columns[column].Rows.Clear();
        }

        _columns.Add(merged);
    }

    // Undoes the merging: in proportion to the bounds, or all to the first column without one.
    private Fraction[] Spread(IEnumerable<(int Column, Fraction Amount)> amounts)
    {
        var given = Enumerable.Repeat(Fraction.Zero, _given).ToArray();
        var open = new Stack<(int Column, Fraction Amount)>(amounts);
        while (open.TryPop(out var next))
        {
            var column = _columns[next.Column];
            if (column.Parts.Count == 0)
            {
                given[next.Column] = next.Amount;
                continue;
            }

            // INVARIANT: by what the parts could take, not by the merged column's bound, which a row may have lowered since.
            var endless = column.Parts.Where(p => _columns[p].Bound is null).ToList();
            var whole = endless.Count > 0 ? BigInteger.Zero : column.Parts.Aggregate(BigInteger.Zero, (sum, p) => sum + _columns[p].Bound!.Value);
            foreach (var part in endless.Count > 0 ? endless : column.Parts)
            {
                var share = endless.Count > 0 ? new Fraction(1, endless.Count)
                    : whole.IsZero ? Fraction.Zero
                    : new Fraction(_columns[part].Bound!.Value, whole);
                open.Push((part, next.Amount * share));
            }
        }

        return given;
    }

    // Any choice of rows and bounds that covers every column adds up to no less than the answer (weights are at least one).
    private BigInteger Cover(List<int> columns)
    {
        var open = columns.ToHashSet();
        var sum = BigInteger.Zero;
        while (open.Count > 0)
        {
            var best = _rows.Where(r => r.Weights.Count > 0)
                .Select(r => (r.Most, Covers: r.Weights.Keys.Where(open.Contains).ToList()))
                .Concat(open.Where(c => _columns[c].Bound is not null).Select(c => (Most: _columns[c].Bound!.Value, Covers: new List<int> { c })))
                .Where(choice => choice.Covers.Count > 0)
                .MinBy(choice => new Fraction(choice.Most, choice.Covers.Count));
            sum += best.Most;
            open.ExceptWith(best.Covers);
        }

        return sum;
    }

    private static Support Key(IReadOnlyCollection<KeyValuePair<int, BigInteger>> weights) => new([.. weights.OrderBy(w => w.Key)]);

    private static BigInteger[] Dense(IEnumerable<(int Column, BigInteger Weight)> weights, int columns)
    {
        var row = new BigInteger[columns];
        foreach (var (column, weight) in weights)
        {
            row[column] = weight;
        }

        return row;
    }

    /// <summary>Which rows or columns, with which weights; equal ones are one.</summary>
    private readonly struct Support(KeyValuePair<int, BigInteger>[] weights) : IEquatable<Support>
    {
        private readonly KeyValuePair<int, BigInteger>[] _weights = weights;

        public bool Equals(Support other) => _weights.AsSpan().SequenceEqual(other._weights);

        public override bool Equals(object? obj) => obj is Support other && Equals(other);

        public override int GetHashCode() => _weights.Aggregate(_weights.Length, static (hash, w) => HashCode.Combine(hash, w.Key, w.Value));
    }

    private sealed class Row(BigInteger most)
    {
        public BigInteger Most { get; } = most;

        public Dictionary<int, BigInteger> Weights { get; } = [];
    }

    private sealed class Column(IReadOnlyList<int> parts)
    {
        public IReadOnlyList<int> Parts { get; } = parts;

        public HashSet<int> Rows { get; } = [];

        public BigInteger? Bound { get; set; }

        public bool IsMerged { get; set; }
    }
}
