using System.Globalization;

namespace SmartProxy.Policy.Rules;

/// <summary>
/// Hours of some days of the week, on the wall clock: <c>mon-fri 08:00-20:00</c>. A span that ends at or before its beginning runs over midnight and belongs to the day on
/// which it begins. Its end is not part of it.
/// </summary>
/// <param name="Days">One bit a day, Monday first.</param>
/// <param name="Start">Minutes after midnight, up to 1439.</param>
/// <param name="End">Minutes after midnight, up to 1440 (<c>24:00</c>).</param>
internal readonly record struct ScheduleSpan(int Days, int Start, int End)
{
    public const string Expected = "days and hours, such as `\"mon-fri 08:00-20:00\"`, `\"sat,sun 10:00-14:00\"` or `\"daily 22:00-06:00\"`";

    public const string Pattern = "^(daily|(mon|tue|wed|thu|fri|sat|sun)([,-](mon|tue|wed|thu|fri|sat|sun))*) ([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";

    private const int EveryDay = 0b111_1111;
    private const int Midnight = 24 * 60;

    private static readonly string[] DayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// <summary>Whether it runs over midnight.</summary>
    public bool IsOvernight => End <= Start;

    public static bool TryParse(string text, out ScheduleSpan span)
    {
        span = default;
        if (text.Split(' ') is not [var days, var hours] || hours.Split('-') is not [var from, var to])
        {
            return false;
        }

        var parsed = TryParseDays(days, out var mask) & TryParseTime(from, out var start) & TryParseTime(to, out var end);
        span = new ScheduleSpan(mask, start, end);

        // From an hour to the same hour could mean nothing or a whole day: 00:00-24:00 says the latter.
        return parsed && start < Midnight && start != end;
    }

    /// <summary>Whether the wall clock shows a time of this span.</summary>
    public bool Holds(DateTime local)
    {
        var day = DayOf(local);
        var minute = (local.Hour * 60) + local.Minute;
        if (!IsOvernight)
        {
            return HasDay(day) && minute >= Start && minute < End;
        }

        return (HasDay(day) && minute >= Start) || (HasDay((day + 6) % 7) && minute < End);
    }

    /// <summary>Whether it begins on this day.</summary>
    public bool BeginsOn(DateTime day) => HasDay(DayOf(day));

    /// <summary><c>mon-fri 08:00-20:00</c>; equal spans have equal text.</summary>
    public override string ToString() => $"{DayWords()} {Time(Start)}-{Time(End)}";

    private static int DayOf(DateTime local) => ((int)local.DayOfWeek + 6) % 7;

    private bool HasDay(int day) => (Days & (1 << day)) != 0;

    private static bool TryParseDays(string text, out int mask)
    {
        mask = text == "daily" ? EveryDay : 0;
        if (mask != 0)
        {
            return true;
        }

        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-');
            var (first, last) = (Array.IndexOf(DayNames, ends[0]), Array.IndexOf(DayNames, ends[^1]));
            if (ends.Length > 2 || first < 0 || last < 0 || (ends.Length == 2 && first == last))
            {
                return false;
            }

            // From Friday to Monday goes over the week's end.
            for (var day = first; ; day = (day + 1) % 7)
            {
                mask |= 1 << day;
                if (day == last)
                {
                    break;
                }
            }
        }

        return true;
    }

    private static bool TryParseTime(string text, out int minutes)
    {
        minutes = 0;
        if (text.Length != 5 || text[2] != ':' || !Two(text[..2], out var hour) || !Two(text[3..], out var minute))
        {
            return false;
        }

        minutes = (hour * 60) + minute;
        return minute < 60 && minutes <= Midnight;

        static bool Two(string digits, out int value) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static string Time(int minutes) => string.Create(CultureInfo.InvariantCulture, $"{minutes / 60:D2}:{minutes % 60:D2}");

    private string DayWords()
    {
        if (Days == EveryDay)
        {
            return "daily";
        }

        var days = Enumerable.Range(0, 7).Where(HasDay).ToList();
        var isRun = days.Count > 2 && days[^1] - days[0] == days.Count - 1;
        return isRun ? $"{DayNames[days[0]]}-{DayNames[days[^1]]}" : string.Join(',', days.Select(d => DayNames[d]));
    }
}
