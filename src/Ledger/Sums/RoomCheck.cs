using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <param name="Lines">How the limits stand before the payment.</param>
/// <param name="Grants">Which grants it uses.</param>
internal readonly record struct Room(IReadOnlyList<LimitFigures> Lines, IReadOnlyList<GrantUse> Grants);

/// <summary>Whether all the limits of one payment have room for it, or what grants would add to them: all of them, or none is used.</summary>
internal sealed class RoomCheck
{
    private readonly ReserveRequest _request;
    private readonly GrantBook _grants;
    private readonly DateTimeOffset _now;
    private readonly SpendSeries[] _series;
    private Dictionary<BudgetOwner, Usd>? _beyond;

    private RoomCheck(ReserveRequest request, SumSet sums, GrantBook grants, DateTimeOffset now)
    {
        (_request, _grants, _now) = (request, grants, now);
        _series = new SpendSeries[request.Lines.Count];
        for (var i = 0; i < _series.Length; i++)
        {
            _series[i] = sums.SeriesOf(request.Lines[i], now);
        }
    }

    /// <summary>Looks at every limit. Gives the first one without room, with the wait for the slowest; null when all have it.</summary>
    /// <param name="request">The payment.</param>
    /// <param name="sums">The sums of the policy that asks.</param>
    /// <param name="grants">The grants.</param>
    /// <param name="now">Now.</param>
    /// <param name="isWaitWanted">Whether somebody could wait: working out how long is by far the dearest part of a refusal.</param>
    /// <param name="room">How the limits stand before it; only when there is room.</param>
    public static ReserveOutcome.Refused? Refuse(ReserveRequest request, SumSet sums, GrantBook grants, DateTimeOffset now, bool isWaitWanted, out Room room)
    {
        var check = new RoomCheck(request, sums, grants, now);
        if (check.FirstWithoutRoom() is { } index)
        {
            room = default;
            return check.Refuse(index, isWaitWanted);
        }

        room = new Room(check.Figures(), check.Charge());
        return null;
    }

    private int? FirstWithoutRoom()
    {
        for (var i = 0; i < _series.Length; i++)
        {
            var (line, excess) = (_request.Lines[i], Excess(i));
            if (excess == 0)
            {
                continue;
            }

            if (excess > Granted(line))
            {
                return i;
            }

            // One payment uses a grant once, however many limits of its owner it exceeds.
            _beyond ??= [];
            _beyond[line.Owner] = new Usd(UInt128.Max(excess, _beyond.GetValueOrDefault(line.Owner).Micros));
        }

        return null;
    }

    private UInt128 Excess(int index)
    {
        var (need, room) = (_series[index].NeedOf(_request.Facts), _request.Lines[index].Limit.Less(_series[index].Used).Units);
        return need > room ? need - room : 0;
    }

    // Counts are never lifted.
    private UInt128 Granted(BudgetLine line) =>
        line.Limit.Measure == SpendMeasure.Dollars ? _grants.Left(line.Owner, _request.Facts.Merchant, _now).Micros : 0;

    private LimitFigures[] Figures()
    {
        var figures = new LimitFigures[_series.Length];
        for (var i = 0; i < figures.Length; i++)
        {
            figures[i] = new LimitFigures(_request.Lines[i].Id, _request.Lines[i].Limit, _series[i].Spent, _series[i].Held);
        }

        return figures;
    }

    private GrantUse[] Charge()
    {
        if (_beyond is null)
        {
            return [];
        }

        var uses = new List<GrantUse>();
        foreach (var (owner, excess) in _beyond)
        {
            _grants.Charge(owner, _request.Facts.Merchant, excess, _now, uses);
        }

        return [.. uses];
    }

    private ReserveOutcome.Refused Refuse(int first, bool isWaitWanted)
    {
        var (line, series) = (_request.Lines[first], _series[first]);
        var reason = line.Limit.Measure == SpendMeasure.Dollars ? ReserveRefusal.BudgetExceeded : ReserveRefusal.CountExceeded;
        return new ReserveOutcome.Refused(reason, new LineUsage(line, series.Spent, series.Held, series.ResetsAt), isWaitWanted ? Wait() : null);
    }

    // Until the slowest limit has room. What grants add can be waited for only while all of them last.
    private TimeSpan? Wait()
    {
        var wait = Slowest(Granted);
        return _grants.FirstEnd(_now) is { } end && (wait is null || _now + wait >= end) ? Slowest(static _ => 0) : wait;
    }

    private TimeSpan? Slowest(Func<BudgetLine, UInt128> granted)
    {
        TimeSpan? slowest = TimeSpan.Zero;
        for (var i = 0; i < _series.Length && slowest is not null; i++)
        {
            var lift = granted(_request.Lines[i]);
            if (Excess(i) > lift)
            {
                var wait = Wait(i, lift);
                slowest = wait > slowest ? wait : wait is null ? null : slowest;
            }
        }

        return slowest;
    }

    // There is room once used ≤ limit − (need − lift): what is over that has to go.
    private TimeSpan? Wait(int index, UInt128 lift)
    {
        var (limit, series, need) = (_request.Lines[index].Limit, _series[index], _series[index].NeedOf(_request.Facts) - lift);
        return need > limit.Units ? null : series.FreesIn(series.Used.Less(limit with { Units = limit.Units - need }).Units);
    }
}
