using System.Globalization;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting;

/// <summary>A calendar month in a time zone: what books are closed by.</summary>
/// <param name="Year">Of the common era.</param>
/// <param name="Number">1 to 12.</param>
/// <param name="Zone">Where it begins and ends.</param>
internal sealed record Month(int Year, int Number, TimeZoneInfo Zone)
{
    public const string Expected = "a month such as `2026-11`";

    private readonly (DateTimeOffset Start, DateTimeOffset End) _bounds =
        new SpendWindow.Calendar(CalendarPeriod.Month, Zone).Bounds(new DateTimeOffset(Year, Number, 15, 12, 0, 0, TimeSpan.Zero));

    /// <summary>Its first instant.</summary>
    public DateTimeOffset Start => _bounds.Start;

    /// <summary>The first instant of the next one.</summary>
    public DateTimeOffset End => _bounds.End;

    public static bool TryParse(string text, TimeZoneInfo zone, out Month month)
    {
        var isMonth = DateOnly.TryParseExact(text + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var first) && first.Year is >= 2000 and < 9998;
        month = isMonth ? new Month(first.Year, first.Month, zone) : null!;
        return isMonth;
    }

    public bool Contains(DateTimeOffset instant) => instant >= Start && instant < End;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Year:D4}-{Number:D2}");
}
