namespace SmartProxy.Policy.Rules;

/// <summary>
/// When payments are allowed, by the wall clock of a time zone. An hour that a clock change skips does not exist; one that it repeats is open twice.
/// </summary>
/// <param name="Words">Where it was written.</param>
/// <param name="Spans">Open in any of them.</param>
/// <param name="Zone">Whose wall clock.</param>
internal sealed record ScheduleRule(string Words, IReadOnlyList<ScheduleSpan> Spans, TimeZoneInfo Zone)
{
    // A clock change can swallow the only span of a week; the one after it is then two weeks away.
    private const int DaysAhead = 15;

    /// <summary><c>mon-fri 08:00-20:00, sat 10:00-14:00 in Europe/Berlin</c>.</summary>
    public string Text { get; } = $"{string.Join(", ", Spans.Select(s => s.ToString()).Distinct().Order(StringComparer.Ordinal))} in {Zone.Id}";

    public bool IsOpen(DateTimeOffset at)
    {
        var local = TimeZoneInfo.ConvertTime(at, Zone).DateTime;
        foreach (var span in Spans)
        {
            if (span.Holds(local))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first instant from <paramref name="at"/> on at which it is open.</summary>
    public DateTimeOffset? OpensAt(DateTimeOffset at)
    {
        if (IsOpen(at))
        {
            return at;
        }

        // It opens where a span begins, or where the clock jumps into one.
        var today = TimeZoneInfo.ConvertTime(at, Zone).Date;
        for (var day = today; day <= today.AddDays(DaysAhead); day = day.AddDays(1))
        {
            var opening = Spans.Where(s => s.BeginsOn(day)).SelectMany(s => Instants(day.AddMinutes(s.Start)))
                .Concat(Jump(day))
                .Where(instant => instant >= at && IsOpen(instant))
                .Order()
                .Select(instant => (DateTimeOffset?)instant)
                .FirstOrDefault();
            if (opening is not null)
            {
                return opening;
            }
        }

        return null;
    }

    // One instant, two where the clock shows this time twice, none where it is skipped.
    private IEnumerable<DateTimeOffset> Instants(DateTime local)
    {
        if (Zone.IsInvalidTime(local))
        {
            return [];
        }

        return Zone.IsAmbiguousTime(local)
            ? Zone.GetAmbiguousTimeOffsets(local).Select(offset => new DateTimeOffset(local, offset).ToUniversalTime())
            : [new DateTimeOffset(local, Zone.GetUtcOffset(local)).ToUniversalTime()];
    }

    // The instant of this day at which the zone's offset changes.
    private IEnumerable<DateTimeOffset> Jump(DateTime day)
    {
        var (before, after) = (NearMidnight(day), NearMidnight(day.AddDays(1)));
        var offset = Zone.GetUtcOffset(before);
        if (offset == Zone.GetUtcOffset(after))
        {
            yield break;
        }

        while ((after - before).Ticks > 1)
        {
            var middle = before.AddTicks((after - before).Ticks / 2);
            (before, after) = Zone.GetUtcOffset(middle) == offset ? (middle, after) : (before, middle);
        }

        yield return after;
    }

    private DateTimeOffset NearMidnight(DateTime day) => new DateTimeOffset(day, TimeSpan.Zero).Subtract(Zone.GetUtcOffset(day));
}
