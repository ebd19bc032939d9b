using CsCheck;

namespace SmartProxy.Protocol.Tests.Budgets;

public sealed class CalendarTests
{
    // zone, period, instant, first instant of the period, first instant of the next
    public static TheoryData<string, CalendarPeriod, string, string, string> Periods => new()
    {
        { "UTC", CalendarPeriod.Day, "2026-05-28T23:59:59.999Z", "2026-05-28T00:00Z", "2026-05-29T00:00Z" },
        { "UTC", CalendarPeriod.Day, "2026-05-29T00:00Z", "2026-05-29T00:00Z", "2026-05-30T00:00Z" },
        { "Europe/Berlin", CalendarPeriod.Day, "2026-05-28T21:59:59Z", "2026-05-27T22:00Z", "2026-05-28T22:00Z" },
        { "Europe/Berlin", CalendarPeriod.Day, "2026-05-28T22:00Z", "2026-05-28T22:00Z", "2026-05-29T22:00Z" },

        // 23 hours in March, 25 in October.
        { "Europe/Berlin", CalendarPeriod.Day, "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z" },
        { "Europe/Berlin", CalendarPeriod.Day, "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z" },
        { "America/New_York", CalendarPeriod.Day, "2026-03-08T12:00Z", "2026-03-08T05:00Z", "2026-03-09T04:00Z" },
        { "America/New_York", CalendarPeriod.Day, "2026-11-01T12:00Z", "2026-11-01T04:00Z", "2026-11-02T05:00Z" },

        // A midnight that is skipped: the day starts at one.
        { "America/Santiago", CalendarPeriod.Day, "2024-09-08T12:00Z", "2024-09-08T04:00Z", "2024-09-09T03:00Z" },

        // A midnight that comes twice: the day starts at the first.
        { "America/Havana", CalendarPeriod.Day, "2024-11-03T04:30Z", "2024-11-03T04:00Z", "2024-11-04T05:00Z" },

        // Weeks start on Monday, across a clock change and across a year.
        { "Europe/Berlin", CalendarPeriod.Week, "2026-03-29T21:59:59Z", "2026-03-22T23:00Z", "2026-03-29T22:00Z" },
        { "Europe/Berlin", CalendarPeriod.Week, "2026-03-29T22:00Z", "2026-03-29T22:00Z", "2026-04-05T22:00Z" },
        { "UTC", CalendarPeriod.Week, "2027-01-01T00:00Z", "2026-12-28T00:00Z", "2027-01-04T00:00Z" },
        { "UTC", CalendarPeriod.Week, "2026-12-27T23:59:59Z", "2026-12-21T00:00Z", "2026-12-28T00:00Z" },

        // Months of every length.
        { "UTC", CalendarPeriod.Month, "2026-02-28T23:59:59Z", "2026-02-01T00:00Z", "2026-03-01T00:00Z" },
        { "UTC", CalendarPeriod.Month, "2028-02-29T12:00Z", "2028-02-01T00:00Z", "2028-03-01T00:00Z" },
        { "UTC", CalendarPeriod.Month, "2026-12-31T23:59:59Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z" },
        { "Europe/Berlin", CalendarPeriod.Month, "2026-10-31T22:59:59Z", "2026-09-30T22:00Z", "2026-10-31T23:00Z" },
        { "Pacific/Auckland", CalendarPeriod.Month, "2026-12-31T10:59:59Z", "2026-11-30T11:00Z", "2026-12-31T11:00Z" },
    };

    [Theory]
    [MemberData(nameof(Periods))]
    public void A_period_begins_and_ends_by_the_wall_clock(string zone, CalendarPeriod period, string instant, string start, string end)
    {
        var window = new SpendWindow.Calendar(period, TimeZoneInfo.FindSystemTimeZoneById(zone));

        Assert.Equal((DateTimeOffset.Parse(start), DateTimeOffset.Parse(end)), window.Bounds(DateTimeOffset.Parse(instant)));
    }

    [Fact]
    public void Every_instant_is_in_its_period_and_periods_leave_no_gap()
    {
        TimeZoneInfo[] zones = [.. new[] { "UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu" }
            .Select(TimeZoneInfo.FindSystemTimeZoneById)];
        var from = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Gen.Select(Gen.Int[0, zones.Length - 1], Gen.Int[0, 2], Gen.Int[0, 10 * 365 * 24 * 60]).Sample((zone, period, minutes) =>
        {
            var window = new SpendWindow.Calendar((CalendarPeriod)period, zones[zone]);
            var instant = from.AddMinutes(minutes);
            var (start, end) = window.Bounds(instant);
            Assert.True(start <= instant && instant < end, $"{window}: {instant:O} is not in {start:O} to {end:O}");
            Assert.Equal((start, end), window.Bounds(start));
            Assert.Equal(end, window.Bounds(end).Start);
        });
    }
}
