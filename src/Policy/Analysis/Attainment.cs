using System.Numerics;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>
/// Whether the amounts that a program found can really be paid. With limits by the calendar and in dollars they always can. Rolling windows and
/// numbers of payments are only bounded by the program, so a timetable is made here and every limit is checked on it; when it breaks one, nothing is
/// claimed. The timetable spreads payments evenly, over the days and over slots within each.
/// </summary>
internal sealed class Attainment(IReadOnlyList<Bundle> bundles, IReadOnlyList<ProgramRow> rows, PeriodShape shape, bool isForEver, IReadOnlyList<Fraction> amounts)
{
    // One a minute; shorter windows have one payment each all the more.
    private const int MaxSlots = 24 * 60;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly bool[] _isCounted = [.. bundles.Select((_, b) => rows.Any(r => r.Measure == SpendMeasure.Payments && r.Bundles.Contains(b)))];

    public bool Holds()
    {
        var rolling = rows.Select(r => r.Window).OfType<SpendWindow.Rolling>().Where(r => r.Length < shape.Longest).Select(r => r.Length).ToList();
        if (rows.All(r => r.Measure == SpendMeasure.Dollars) && (isForEver || rolling.Count == 0))
        {
            return true;
        }

        if (isForEver)
        {
            return rows.All(r => r.Window is not SpendWindow.Total || Sum(r, AllOf) <= r.Most);
        }

        return (rolling.Count > 0 && shape.Segments.Count == 1 && HoldsInBursts(rolling.Min())) || HoldsByDays(rolling);
    }

    // Everything at once, then again and again after the shortest length: the densest that rolling windows allow. Nothing but days may cut the period.
    private bool HoldsInBursts(TimeSpan length)
    {
        var bursts = Times(shape.Longest, length);
        return rows.All(r => r.Window switch
        {
            SpendWindow.Calendar { Period: CalendarPeriod.Day } => Sum(r, (b, s, measure) => Share(b, s, measure, bursts) * BigInteger.Min(bursts, Times(shape.LongestDay, length))) <= r.Most,
            SpendWindow.Rolling rolling => Sum(r, (b, s, measure) => Share(b, s, measure, bursts) * BigInteger.Min(bursts, Times(rolling.Length, length))) <= r.Most,
            _ => Sum(r, AllOf) <= r.Most,
        });
    }

    private bool HoldsByDays(List<TimeSpan> rolling)
    {
        var shortest = rolling.Count == 0 ? Day : rolling.Min();
        var slots = (int)Math.Clamp(Day.Ticks / shortest.Ticks, 1, MaxSlots);
        return rows.All(r => r.Window switch
        {
            SpendWindow.Calendar { Period: CalendarPeriod.Day } => Segments().All(s => Sum(r, (b, measure) => OfDay(b, s, measure)) <= r.Most),
            SpendWindow.Calendar { Period: CalendarPeriod.Week } => Segments().GroupBy(s => shape.Segments[s].Week).All(week => Sum(r, week, (b, s, measure) => Share(b, s, measure, shape.Segments[s].Weeks)) <= r.Most),
            SpendWindow.Calendar { Period: CalendarPeriod.Month } => Segments().GroupBy(s => shape.Segments[s].Month).All(month => Sum(r, month, AllOf) <= r.Most),
            SpendWindow.Calendar { Period: CalendarPeriod.Quarter } => Segments().GroupBy(s => shape.Segments[s].Quarter).All(quarter => Sum(r, quarter, AllOf) <= r.Most),
            SpendWindow.Rolling length when length.Length < Day => Sum(r, (b, measure) => Slots(b, measure, slots, (int)Times(length.Length * slots, Day))) <= r.Most,
            SpendWindow.Rolling length => HoldsOverDays(r, (int)BigInteger.Min(400, Times(length.Length, Day)), slots),
            _ => Sum(r, AllOf) <= r.Most,
        });
    }

    // At the same times of every day a window of n days holds n of each.
    private bool HoldsOverDays(ProgramRow row, int length, int slots)
    {
        if (Sum(row, AllOf) <= row.Most)
        {
            return true;
        }

        var days = Segments().SelectMany(s => Enumerable.Repeat(Sum(row, (b, measure) => OfDay(b, s, measure)), shape.Segments[s].Days)).ToList();
        if (slots > 1)
        {
            return days.Aggregate(Fraction.Zero, Fraction.Max) * (BigInteger)length <= row.Most;
        }

        return Enumerable.Range(0, Math.Max(1, days.Count - length + 1)).All(first => days.Skip(first).Take(length).Aggregate(Fraction.Zero, static (a, b) => a + b) <= row.Most);
    }

    private IEnumerable<int> Segments() => Enumerable.Range(0, shape.Segments.Count);

    private Fraction Sum(ProgramRow row, Func<int, int, SpendMeasure, Fraction> of) => Sum(row, Segments(), of);

    private static Fraction Sum(ProgramRow row, IEnumerable<int> segments, Func<int, int, SpendMeasure, Fraction> of) =>
        segments.SelectMany(s => row.Bundles.Select(b => of(b, s, row.Measure))).Aggregate(Fraction.Zero, static (a, b) => a + b);

    private static Fraction Sum(ProgramRow row, Func<int, SpendMeasure, Fraction> of) =>
        row.Bundles.Select(b => of(b, row.Measure)).Aggregate(Fraction.Zero, static (a, b) => a + b);

    private Fraction AllOf(int bundle, int segment, SpendMeasure measure) => measure == SpendMeasure.Dollars ? Amount(bundle, segment) : (Fraction)Payments(bundle, segment);

    private Fraction OfDay(int bundle, int segment, SpendMeasure measure) => Share(bundle, segment, measure, shape.Segments[segment].Days);

    // The fullest of so many equal shares: payments that are counted stay whole, other amounts divide.
    private Fraction Share(int bundle, int segment, SpendMeasure measure, BigInteger shares)
    {
        var payments = Payments(bundle, segment);
        if (!_isCounted[bundle])
        {
            return measure == SpendMeasure.Dollars ? Amount(bundle, segment) / shares : Fraction.Zero;
        }

        var fullest = (payments + shares - 1) / shares;
        return measure == SpendMeasure.Payments ? fullest
            : payments.IsZero ? Fraction.Zero
            : Fraction.Min(Amount(bundle, segment), Amount(bundle, segment) * new Fraction(fullest, payments));
    }

    private Fraction Slots(int bundle, SpendMeasure measure, int slots, int taken) => Segments()
        .Select(s => Fraction.Min(OfDay(bundle, s, measure) * (BigInteger)2, Share(bundle, s, measure, (BigInteger)shape.Segments[s].Days * slots) * (BigInteger)taken))
        .Aggregate(Fraction.Zero, Fraction.Max);

    private Fraction Amount(int bundle, int segment) => amounts[bundle * shape.Segments.Count + segment];

    // The fewest payments that make up the amount, where every agent and merchant it stands for takes an equal part.
    private BigInteger Payments(int bundle, int segment)
    {
        var amount = Amount(bundle, segment);
        if (amount.IsZero || bundles[bundle].Most is not { } most)
        {
            return amount.IsZero ? BigInteger.Zero : BigInteger.One;
        }

        var copies = (BigInteger)(bundles[bundle].Copies ?? 1) * bundles[bundle].Count;
        return (amount / copies / (BigInteger)most).Ceiling * copies;
    }

    private static BigInteger Times(TimeSpan time, TimeSpan length) => (time.Ticks + (BigInteger)length.Ticks - 1) / length.Ticks;
}
