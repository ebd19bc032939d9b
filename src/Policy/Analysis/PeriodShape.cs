using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>The time over which a worst case is asked.</summary>
public enum WorstPeriod
{
    /// <summary>One payment.</summary>
    Payment,
    Day,
    Week,
    Month,
    Quarter,
    Year,

    /// <summary>For ever.</summary>
    Total,
}

/// <summary>Days that no window of the policy tells apart.</summary>
/// <param name="Days">How many, one after another.</param>
/// <param name="Weeks">How many weeks begin and end in it, or 1 where it is a part of one.</param>
/// <param name="Week">Segments with the same number lie in the same week.</param>
/// <param name="Month">… in the same month.</param>
/// <param name="Quarter">… in the same quarter.</param>
/// <param name="Year">… in the same year.</param>
internal sealed record Segment(int Days, int Weeks, int Week, int Month, int Quarter, int Year);

/// <summary>Which calendar windows the limits at hand use; a seam that no limit knows does not cut.</summary>
internal readonly record struct Seams(bool Weeks, bool Months, bool Quarters);

/// <summary>One way in which a period can lie in the calendar.</summary>
/// <param name="Segments">In order.</param>
/// <param name="Longest">The most time that such a period takes: a day may have 25 hours.</param>
/// <param name="LongestDay">The longest day of the zone.</param>
internal sealed record PeriodShape(IReadOnlyList<Segment> Segments, TimeSpan Longest, TimeSpan LongestDay)
{
    private static readonly int[][] Quarters = [[31, 31, 30], [31, 30, 31], [31, 29, 31], [30, 31, 30]];
    private static readonly int[][] Years = [[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]];

    /// <summary>Every way that matters: which weekday it begins with, which months it has, where a week is cut by the turn of a month.</summary>
    public static IEnumerable<PeriodShape> Of(WorstPeriod period, Seams seams, ZoneLengths zone) => period switch
    {
        WorstPeriod.Payment or WorstPeriod.Day or WorstPeriod.Total => [new([new Segment(1, 1, 0, 0, 0, 0)], period == WorstPeriod.Total ? TimeSpan.MaxValue : zone.Day, zone.Day)],
        WorstPeriod.Week => Week(seams).Select(segments => new PeriodShape(segments, zone.Week, zone.Day)),
        WorstPeriod.Month => Cuts([[31]], seams).Select(segments => new PeriodShape(segments, zone.Month, zone.Day)),
        WorstPeriod.Quarter => Cuts(seams.Months ? Quarters : [[92]], seams).Select(segments => new PeriodShape(segments, zone.Quarter, zone.Day)),
        WorstPeriod.Year => Cuts(seams.Months || seams.Quarters ? Years : [[366]], seams).Select(segments => new PeriodShape(segments, zone.Year, zone.Day)),
    };

    /// <summary>
    /// A window of this length, anywhere: no fewer days and seams than it can touch, so that what comes out is never too little. Nothing where it can touch three months.
    /// </summary>
    public static IEnumerable<PeriodShape> OfRolling(TimeSpan length, ZoneLengths zone)
    {
        var shortest = TimeSpan.FromHours(48) - zone.Day;
        var days = (int)Math.Min(400, Math.Ceiling(length / shortest)) + 1;
        return Enumerable.Range(0, days > 28 ? 0 : days).Select(before => new PeriodShape(
            [.. new[] { Part(before, 0), Part(days - before, 1) }.Where(s => s.Days > 0)], length, zone.Day));

        static Segment Part(int days, int number) => new(days, (days + 12) / 7, number, number, number, number);
    }

    private static IEnumerable<IReadOnlyList<Segment>> Week(Seams seams)
    {
        yield return [new Segment(7, 1, 0, 0, 0, 0)];

        // The turn of the year is the turn of everything.
        for (var before = 1; seams.Months && before < 7; before++)
        {
            yield return [new Segment(before, 1, 0, 0, 0, 0), new Segment(7 - before, 1, 0, 1, 1, 1)];
        }
    }

    private static IEnumerable<IReadOnlyList<Segment>> Cuts(int[][] months, Seams seams) =>
        months.SelectMany(lengths => Enumerable.Range(0, seams.Weeks ? 7 : 1).Select(weekday => Cut(lengths, weekday, seams)));

    private static List<Segment> Cut(int[] months, int weekday, Seams seams)
    {
        var segments = new List<Segment>();
        var day = weekday;
        for (var month = 0; month < months.Length; month++)
        {
            for (var end = day + months[month]; day < end;)
            {
                var next = seams.Weeks ? Math.Min(end, (day / 7 + 1) * 7) : end;
                var now = new Segment(next - day, 1, day / 7, seams.Months ? month : 0, month / 3, 0);
                Add(segments, now);
                day = next;
            }
        }

        return segments;

        // Whole weeks of one month are alike, and so is everything between seams that nobody knows.
        void Add(List<Segment> list, Segment now)
        {
            var last = list.Count == 0 ? null : list[^1];
            var same = last is not null && (!seams.Months || last.Month == now.Month) && (!seams.Quarters || last.Quarter == now.Quarter);
            var whole = now.Days == 7 && last is not null && last.Days == 7 * last.Weeks;
            if (same && (!seams.Weeks || whole || last!.Week == now.Week))
            {
                var continues = !seams.Weeks || last!.Week == now.Week;
                list[^1] = last! with { Days = last.Days + now.Days, Weeks = last.Weeks + (continues ? 0 : now.Weeks) };
                return;
            }

            list.Add(now);
        }
    }
}

/// <summary>The longest periods of a time zone, as clocks are set back in them.</summary>
internal sealed record ZoneLengths(TimeSpan Day, TimeSpan Week, TimeSpan Month, TimeSpan Quarter, TimeSpan Year)
{
    public static ZoneLengths Of(TimeZoneInfo zone)
    {
        return new ZoneLengths(Longest(CalendarPeriod.Day), Longest(CalendarPeriod.Week), Longest(CalendarPeriod.Month), Longest(CalendarPeriod.Quarter), Longest(CalendarPeriod.Year));

        // Three years with a leap year among them show every length that the zone's present rules make.
        TimeSpan Longest(CalendarPeriod period)
        {
            var window = new SpendWindow.Calendar(period, zone);
            var longest = TimeSpan.Zero;
            for (var at = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero); at.Year < 2029;)
            {
                var (start, end) = window.Bounds(at);
                longest = end - start > longest ? end - start : longest;
                at = end + TimeSpan.FromMinutes(1);
            }

            return longest;
        }
    }
}
