using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Whether all the limits of a payment have room for it, or what grants would add to them: all of them, or none is used.</summary>
internal static class RoomCheck
{
    /// <summary>Looks at every limit.</summary>
    /// <param name="request">The payment.</param>
    /// <param name="book">The sums.</param>
    /// <param name="grants">The grants.</param>
    /// <param name="now">Now.</param>
    /// <param name="room">How the limits stand before it, and which grants it uses; only when there is room.</param>
    /// <returns>The first limit without room, with the wait for the slowest; null when all have it.</returns>
    public static ReserveOutcome.Refused? Refuse(ReserveRequest request, SpendBook book, GrantBook grants, DateTimeOffset now, out Room room)
    {
        var figures = new LimitFigures[request.Lines.Count];
        Dictionary<BudgetOwner, Usd>? beyond = null;
        ReserveOutcome.Refused? refusal = null;
        for (var i = 0; i < figures.Length; i++)
        {
            var line = request.Lines[i];
            var series = book.SeriesOf(line, now);
            figures[i] = new LimitFigures(line.Id, line.Limit, series.Spent, series.Held);
            var excess = Excess(line, series, request.Facts);
            if (excess == 0)
            {
                continue;
            }

            var left = line.Limit.Measure == SpendMeasure.Dollars ? grants.Left(line.Owner, request.Facts.Merchant, now) : Usd.Zero;
            if (excess <= left.Micros)
            {
                // One payment uses a grant once, however many limits of its owner it exceeds.
                beyond ??= [];
                beyond[line.Owner] = new Usd(UInt128.Max(excess, beyond.GetValueOrDefault(line.Owner).Micros));
                continue;
            }

            refusal = Add(refusal, line, series, Wait(request, line, series, left.Micros, grants, now));
        }

        room = new Room(figures, refusal is null && beyond is not null ? Charge(beyond, request, grants, now) : []);
        return refusal;
    }

    private static UInt128 Excess(BudgetLine line, SpendSeries series, PaymentFacts facts)
    {
        var (need, room) = (series.NeedOf(facts), line.Limit.Less(series.Used).Units);
        return need > room ? need - room : 0;
    }

    private static GrantUse[] Charge(Dictionary<BudgetOwner, Usd> beyond, ReserveRequest request, GrantBook grants, DateTimeOffset now)
    {
        var uses = new List<GrantUse>();
        foreach (var (owner, excess) in beyond)
        {
            grants.Charge(owner, request.Facts.Merchant, excess, now, uses);
        }

        return [.. uses];
    }

    // What grants add can be waited for only while they last.
    private static TimeSpan? Wait(ReserveRequest request, BudgetLine line, SpendSeries series, UInt128 granted, GrantBook grants, DateTimeOffset now)
    {
        var wait = Wait(request.Facts, line, series, granted);
        return granted > 0 && (wait is null || now + wait >= grants.FirstEnd(line.Owner, request.Facts.Merchant, now)) ? Wait(request.Facts, line, series, 0) : wait;
    }

    private static TimeSpan? Wait(PaymentFacts facts, BudgetLine line, SpendSeries series, UInt128 granted)
    {
        // need ≤ limit + granted, and used + need > limit + granted: what has to go is the difference, and limits of 128 bits must not overflow it.
        var need = series.NeedOf(facts);
        if (need <= granted || need - granted > line.Limit.Units)
        {
            return null;
        }

        return series.FreesIn(series.Used.Less(line.Limit with { Units = line.Limit.Units - (need - granted) }).Units);
    }

    private static ReserveOutcome.Refused Add(ReserveOutcome.Refused? refusal, BudgetLine line, SpendSeries series, TimeSpan? wait) =>
        refusal is null
            ? new ReserveOutcome.Refused(
                line.Limit.Measure == SpendMeasure.Dollars ? ReserveRefusal.BudgetExceeded : ReserveRefusal.CountExceeded,
                new LineUsage(line, series.Spent, series.Held, series.ResetsAt),
                wait)
            : refusal with { RetryAfter = refusal.RetryAfter is { } other && wait is { } own ? TimeSpan.FromTicks(Math.Max(other.Ticks, own.Ticks)) : null };
}

/// <param name="Lines">How the limits stand before the payment.</param>
/// <param name="Grants">Which grants it uses.</param>
internal readonly record struct Room(IReadOnlyList<LimitFigures> Lines, IReadOnlyList<GrantUse> Grants);
