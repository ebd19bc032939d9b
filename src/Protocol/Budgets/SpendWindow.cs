namespace SmartProxy.Protocol;

/// <summary>A calendar period whose seams are in the policy's time zone.</summary>
public enum CalendarPeriod
{
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// <summary>The time over which a limit sums.</summary>
public abstract record SpendWindow
{
    private SpendWindow()
    {
    }

    /// <summary>For ever.</summary>
    public sealed record Total : SpendWindow
    {
        public override string ToString() => "total";
    }

    /// <summary>Right now: a payment counts from its reservation until its answer is booked, whatever that says.</summary>
    public sealed record UnderWay : SpendWindow
    {
        public override string ToString() => "under way";
    }

    /// <summary>The last <paramref name="Length"/>, moving with the clock.</summary>
    public sealed record Rolling(TimeSpan Length) : SpendWindow
    {
        public override string ToString() => $"rolling {Length}";
    }

    /// <summary>The running day (from midnight), week (from Monday), month (from the 1st), quarter or year in <paramref name="Zone"/>.</summary>
    public sealed record Calendar(CalendarPeriod Period, TimeZoneInfo Zone) : SpendWindow
    {
        /// <summary>The period that holds <paramref name="instant"/>: its first instant, and the first instant of the next one. Days of 23 and 25 hours come out right.</summary>
        public (DateTimeOffset Start, DateTimeOffset End) Bounds(DateTimeOffset instant)
        {
            var day = TimeZoneInfo.ConvertTime(instant, Zone).Date;
            var (first, next) = Period switch
            {
                CalendarPeriod.Day => (day, day.AddDays(1)),
                CalendarPeriod.Week => Week(day.AddDays(-(((int)day.DayOfWeek + 6) % 7))),
                CalendarPeriod.Month => Months(new DateTime(day.Year, day.Month, 1), 1),
                CalendarPeriod.Quarter => Months(new DateTime(day.Year, day.Month - ((day.Month - 1) % 3), 1), 3),
                CalendarPeriod.Year => Months(new DateTime(day.Year, 1, 1), 12),
            };
            return (ToInstant(first), ToInstant(next));

            static (DateTime, DateTime) Week(DateTime monday) => (monday, monday.AddDays(7));

            static (DateTime, DateTime) Months(DateTime first, int count) => (first, first.AddMonths(count));
        }

        public override string ToString() => $"{Period.ToString().ToLowerInvariant()} in {Zone.Id}";

        // Midnight that a clock change skips is the first instant after the gap; one that comes twice is the earlier.
        private DateTimeOffset ToInstant(DateTime local)
        {
            var wall = local;
            while (Zone.IsInvalidTime(wall))
            {
                wall = wall.AddMinutes(15);
            }

            var offset = Zone.IsAmbiguousTime(wall) ? Zone.GetAmbiguousTimeOffsets(wall).Max() : Zone.GetUtcOffset(wall);
            return new DateTimeOffset(wall, offset).ToUniversalTime();
        }
    }
}
