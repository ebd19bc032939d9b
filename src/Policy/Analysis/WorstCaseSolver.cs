using System.Globalization;
using System.Numerics;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>Which of the payments that stand for many are meant as one.</summary>
/// <param name="OneAgent">The agents of an entry each have their own pots: ask about one of them.</param>
/// <param name="OneMerchant">Ask about one of the merchants that a place stands for.</param>
internal readonly record struct Focus(bool OneAgent = false, bool OneMerchant = false);

/// <summary>Payments of one program that all its limits treat alike.</summary>
/// <param name="Rows">The limits, by their number in the world.</param>
/// <param name="Most">The most for one payment.</param>
/// <param name="Count">How many atoms it stands for.</param>
/// <param name="Copies">How many agents and merchants each atom stands for; null where there is no end of them.</param>
internal sealed record Bundle(IReadOnlyList<int> Rows, UInt128? Most, int Count, int? Copies);

/// <summary>One limit of one program.</summary>
/// <param name="Window">When payments count.</param>
/// <param name="Measure">What is counted.</param>
/// <param name="Most">The most, over all that the bundles stand for.</param>
/// <param name="Bundles">Whose payments count.</param>
internal sealed record ProgramRow(SpendWindow Window, SpendMeasure Measure, BigInteger Most, IReadOnlyList<int> Bundles);

/// <summary>
/// The most that some payments can add up to. Every limit becomes a row over (bundle of payments, segment of the period): a day's limit for every
/// day, a month's for every month, a rolling one as often as it fits. All weekdays on which the period can begin are tried.
/// </summary>
internal sealed class WorstCaseSolver(PolicyWorld world)
{
    /// <summary>With more columns than this, only the limits that all of an agent's payments share are counted.</summary>
    public const int MaxColumns = 3_000;

    /// <summary>After so much work on one policy (columns, and cells of what could not be made smaller) the same holds.</summary>
    public const int MaxWork = 150_000;

    private int _work;
    private int _proofs;

    private readonly ZoneLengths _zone = ZoneLengths.Of(world.Rows.Select(r => r.Line.Window).OfType<SpendWindow.Calendar>().FirstOrDefault()?.Zone ?? TimeZoneInfo.Utc);

    public WorstFigure Most(IReadOnlyList<Atom> atoms, WorstPeriod period, Focus focus)
    {
        if (atoms.Count == 0)
        {
            return WorstFigure.Nothing;
        }

        return period == WorstPeriod.Payment
            ? OfPayment(atoms)
            : Most(atoms, focus, seams => PeriodShape.Of(period, seams, _zone), period == WorstPeriod.Total, without: null);
    }

    /// <summary>The most that the payments of one limit can add up to in its own window; null where that is not known.</summary>
    /// <param name="atoms">The payments that it covers.</param>
    /// <param name="window">Its window.</param>
    /// <param name="focus">Whose pot it is.</param>
    /// <param name="without">The limit itself, to be left out; null to leave out nothing.</param>
    public WorstFigure? Within(IReadOnlyList<Atom> atoms, SpendWindow window, Focus focus, int? without)
    {
        if (atoms.Count == 0)
        {
            return WorstFigure.Nothing;
        }

        _proofs += atoms.Count;
        if (_proofs > MaxWork)
        {
            return null;
        }

        Func<Seams, IEnumerable<PeriodShape>>? shapes = window switch
        {
            SpendWindow.Total => seams => PeriodShape.Of(WorstPeriod.Total, seams, _zone),
            SpendWindow.Calendar calendar => seams => PeriodShape.Of(PeriodOf(calendar.Period), seams, _zone),
            SpendWindow.Rolling rolling when PeriodShape.OfRolling(rolling.Length, _zone).Any() => _ => PeriodShape.OfRolling(rolling.Length, _zone),
            _ => null,
        };
        return shapes is null ? null : Most(atoms, focus, shapes, window is SpendWindow.Total, without);
    }

    private static WorstPeriod PeriodOf(CalendarPeriod period) => period switch
    {
        CalendarPeriod.Day => WorstPeriod.Day,
        CalendarPeriod.Week => WorstPeriod.Week,
        CalendarPeriod.Month => WorstPeriod.Month,
        CalendarPeriod.Quarter => WorstPeriod.Quarter,
        CalendarPeriod.Year => WorstPeriod.Year,
    };

    private static WorstFigure OfPayment(IReadOnlyList<Atom> atoms)
    {
        if (atoms.Any(a => a.Most is null))
        {
            return new WorstFigure(null, true);
        }

        var most = atoms.Max(a => a.Most!.Value);
        return new WorstFigure(new Usd(most), atoms.Any(a => a.Most == most && a.IsFine));
    }

    private WorstFigure Most(IReadOnlyList<Atom> atoms, Focus focus, Func<Seams, IEnumerable<PeriodShape>> shapes, bool isForEver, int? without)
    {
        var counted = CountedRows(atoms, focus, without);
        var seams = SeamsOf(counted.Keys);
        var bundles = Bundles(atoms, counted, focus);
        var all = shapes(seams).ToList();
        var columns = (long)bundles.Count * all.Sum(s => s.Segments.Count);
        var isWhole = world.IsWhole && columns / all.Count <= MaxColumns && columns + _work <= MaxWork;
        _work += isWhole ? (int)columns : 0;
        bundles = isWhole ? bundles : SharedOnly(atoms, counted);
        var rows = ProgramRows(bundles, counted, focus);
        var isFine = atoms.All(a => a.IsFine);
        var worst = WorstFigure.Nothing;
        foreach (var shape in all)
        {
            var figure = Solve(bundles, rows, shape, isForEver, isWhole && isFine);
            if (figure.Most is null)
            {
                return figure;
            }

            worst = figure.Most > worst.Most || (figure.Most == worst.Most && figure.IsExact) ? figure : worst;
        }

        return worst;
    }

    // How many of the atoms each limit covers. The own pots of endlessly many agents limit nothing together; what is under way at once is no sum.
    private Dictionary<int, int> CountedRows(IReadOnlyList<Atom> atoms, Focus focus, int? without)
    {
        var counted = new Dictionary<int, int>();
        foreach (var row in atoms.SelectMany(a => a.Rows))
        {
            var (line, agent) = (world.Rows[row].Line, world.Rows[row].Agent);
            if (row != without && (focus.OneAgent || agent?.IsMany != true) && line.Window is not SpendWindow.UnderWay && line.Limit.Measure != SpendMeasure.Recipients)
            {
                counted[row] = counted.GetValueOrDefault(row) + 1;
            }
        }

        return counted;
    }

    private Seams SeamsOf(IEnumerable<int> rows)
    {
        var used = rows.Select(r => world.Rows[r].Line.Window).OfType<SpendWindow.Calendar>().Select(c => c.Period).ToHashSet();
        return new Seams(used.Contains(CalendarPeriod.Week), used.Contains(CalendarPeriod.Month), used.Contains(CalendarPeriod.Quarter) || used.Contains(CalendarPeriod.Year));
    }

    private List<Bundle> Bundles(IReadOnlyList<Atom> atoms, Dictionary<int, int> counted, Focus focus)
    {
        var hasCounts = counted.Keys.Any(r => world.Rows[r].Line.Limit.Measure == SpendMeasure.Payments);
        return
        [
            .. atoms.Select(a => (Atom: a, Rows: a.Rows.Where(counted.ContainsKey).Order().ToList(), Copies: Copies(a, focus)))
                .GroupBy(a => string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', a.Rows.Select(r => counted[r] > 1 ? r.ToString(CultureInfo.InvariantCulture) : Profile(r, focus)).Order(StringComparer.Ordinal))}|{(hasCounts ? a.Atom.Most : null)}|{a.Copies}"))
                .Select(same => new Bundle(same.First().Rows, same.First().Atom.Most, same.Count(), same.First().Copies)),
        ];

        static int? Copies(Atom atom, Focus focus) =>
            !focus.OneAgent && atom.Agent.IsMany ? null : (focus.OneAgent ? 1 : atom.Agent.Entries.Count) * (focus.OneMerchant ? 1 : Math.Max(1, atom.Site.Merchants.Count));

        // A limit that covers this atom alone is told by what it says.
        string Profile(int row, Focus f) => $"{world.Rows[row].Line.Limit.Measure} {world.Rows[row].Line.Window} {world.Rows[row].Line.Limit.Units} {Times(row, f)}";
    }

    // Where the program is too large: every agent with the limits that all its payments share. Leaving limits out can only add.
    private static List<Bundle> SharedOnly(IReadOnlyList<Atom> atoms, Dictionary<int, int> counted) =>
    [
        .. atoms.GroupBy(a => a.Agent).Select(own => new Bundle(
            [.. own.Skip(1).Aggregate(own.First().Rows.Where(counted.ContainsKey).ToHashSet(), (shared, a) => { shared.IntersectWith(a.Rows); return shared; }).Order()],
            own.Any(a => a.Most is null) ? null : own.Max(a => a.Most),
            1,
            null)),
    ];

    private List<ProgramRow> ProgramRows(List<Bundle> bundles, Dictionary<int, int> counted, Focus focus)
    {
        var members = new Dictionary<int, List<int>>();
        for (var b = 0; b < bundles.Count; b++)
        {
            foreach (var row in bundles[b].Rows)
            {
                (members.TryGetValue(row, out var list) ? list : members[row] = []).Add(b);
            }
        }

        return
        [
            .. members.Select(m => new ProgramRow(
                world.Rows[m.Key].Line.Window,
                world.Rows[m.Key].Line.Limit.Measure,
                (BigInteger)world.Rows[m.Key].Line.Limit.Units * Times(m.Key, focus) * (counted[m.Key] == 1 ? bundles[m.Value[0]].Count : 1),
                m.Value)),
        ];
    }

    private int Times(int row, Focus focus)
    {
        var limit = world.Rows[row];
        return (limit.Agent is { } agent && !focus.OneAgent ? agent.Entries.Count : 1) * (limit.Site is { } site && !focus.OneMerchant ? Math.Max(1, site.Merchants.Count) : 1) * limit.Recipients;
    }

    private WorstFigure Solve(List<Bundle> bundles, List<ProgramRow> rows, PeriodShape shape, bool isForEver, bool isWhole)
    {
        var solution = Program(bundles, rows, shape, isForEver).Solve();
        _work += solution.Cells;
        if (solution.Most is not { } most)
        {
            return new WorstFigure(null, true);
        }

        return new WorstFigure(
            new Usd((UInt128)BigInteger.Min(most.Floor, (BigInteger)UInt128.MaxValue)),
            isWhole && solution.IsExact && most.IsWhole && (IsAttained(solution) || IsAttainedOtherwise()));

        bool IsAttained(PackingSolution found) => new Attainment(bundles, rows, shape, isForEver, found.Amounts).Holds();

        // Of several best ways the program may have found one that only a day of 25 hours allows; with plain days it looks for another.
        bool IsAttainedOtherwise()
        {
            var plain = shape with { Longest = shape.Segments.Sum(s => s.Days) * TimeSpan.FromDays(1), LongestDay = TimeSpan.FromDays(1) };
            var other = Program(bundles, rows, plain, isForEver).Solve();
            return plain.Longest < shape.Longest && other.Most is { } same && same.CompareTo(most) == 0 && IsAttained(other);
        }
    }

    private static PackingProgram Program(List<Bundle> bundles, List<ProgramRow> rows, PeriodShape shape, bool isForEver)
    {
        var program = new PackingProgram();
        var segments = shape.Segments;
        for (var i = 0; i < bundles.Count * segments.Count; i++)
        {
            program.AddColumn();
        }

        foreach (var row in rows)
        {
            var (scale, weights) = Weights(row, bundles);
            foreach (var (within, times) in Pieces(row.Window, shape, isForEver))
            {
                program.AddRow(row.Most * times * scale, within.SelectMany(s => weights.Select(w => (w.Bundle * segments.Count + s, w.Weight))));
            }
        }

        return program;
    }

    // Dollars count as they are; payments count as at least amount / most for one, made whole by the common multiple.
    private static (BigInteger Scale, List<(int Bundle, BigInteger Weight)> Weights) Weights(ProgramRow row, List<Bundle> bundles)
    {
        if (row.Measure == SpendMeasure.Dollars)
        {
            return (BigInteger.One, [.. row.Bundles.Select(b => (b, BigInteger.One))]);
        }

        var limited = row.Bundles.Where(b => bundles[b].Most is not null).ToList();
        var scale = limited.Select(b => (BigInteger)bundles[b].Most!.Value).Distinct().Aggregate(BigInteger.One, (all, most) => all * most / BigInteger.GreatestCommonDivisor(all, most));
        return (scale, [.. limited.Select(b => (b, scale / (BigInteger)bundles[b].Most!.Value))]);
    }

    /// <summary>The parts of the period over which a window's limit holds, and how many times it may be spent in each.</summary>
    private static IEnumerable<(IReadOnlyList<int> Segments, BigInteger Times)> Pieces(SpendWindow window, PeriodShape shape, bool isForEver)
    {
        var segments = shape.Segments;
        IReadOnlyList<int> all = [.. Enumerable.Range(0, segments.Count)];
        return (window, isForEver) switch
        {
            (SpendWindow.Total, _) => [(all, BigInteger.One)],
            (_, true) or (SpendWindow.UnderWay, _) => [],
            (SpendWindow.Calendar { Period: CalendarPeriod.Day }, _) => all.Select(s => ((IReadOnlyList<int>)[s], (BigInteger)segments[s].Days)),
            (SpendWindow.Calendar { Period: CalendarPeriod.Week }, _) => By(s => segments[s].Week, s => segments[s].Weeks),
            (SpendWindow.Calendar { Period: CalendarPeriod.Month }, _) => By(s => segments[s].Month, static _ => 1),
            (SpendWindow.Calendar { Period: CalendarPeriod.Quarter }, _) => By(s => segments[s].Quarter, static _ => 1),
            (SpendWindow.Calendar { Period: CalendarPeriod.Year }, _) => By(s => segments[s].Year, static _ => 1),
            (SpendWindow.Rolling rolling, _) => Rolling(rolling.Length),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

        IEnumerable<(IReadOnlyList<int>, BigInteger)> By(Func<int, int> key, Func<int, int> times) =>
            all.GroupBy(key).Select(same => ((IReadOnlyList<int>)[.. same], (BigInteger)same.Max(times)));

        // From the first instant on, then once every length.
        IEnumerable<(IReadOnlyList<int>, BigInteger)> Rolling(TimeSpan length)
        {
            yield return (all, Times(shape.Longest, length));
            for (var s = 0; segments.Count > 1 && s < segments.Count; s++)
            {
                yield return ([s], Times(segments[s].Days * TimeSpan.FromDays(1) + (shape.LongestDay - TimeSpan.FromDays(1)), length));
            }
        }

        static BigInteger Times(TimeSpan time, TimeSpan length) => (time.Ticks + (BigInteger)length.Ticks - 1) / length.Ticks;
    }
}
