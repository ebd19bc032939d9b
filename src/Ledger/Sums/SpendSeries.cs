using System.Diagnostics;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The running sum of one scope over one window. A payment counts from its reservation until the instant that its window gives it, unless it
/// turns out to be dead; it moves from held to spent when it settles. Time only moves forward. What leaves at the end of the running period
/// is summed apart and leaves at once, so that a year of payments is no queue of payments.
/// </summary>
internal sealed class SpendSeries(SpendScope scope, SpendWindow window, SpendMeasure measure, DateTimeOffset now) : ScopeWatcher(scope)
{
    private const long Never = long.MaxValue;

    // Above this many payments the wait for room is not worked out: sorting them is not worth an answer that says "later".
    private const int MaxSorted = 16_384;

    private readonly PriorityQueue<Payment, long> _leaving = new();
    private readonly Tally _tally = Tally.Of(measure);
    private Tally _inPeriod = Tally.Of(measure);
    private long _periodEnd = Never;
    private (long Start, long End) _period;
    private long _now = now.UtcTicks;

    public Quantity Spent => new(measure, _tally.Spent + _inPeriod.Spent);

    public Quantity Held => new(measure, _tally.Held + _inPeriod.Held);

    /// <summary>Reserved, sent, in doubt and settled: everything that may have been signed and is not known to be dead.</summary>
    public Quantity Used => new(measure, Spent.Units + Held.Units);

    /// <summary>When the calendar window ends; null for all others.</summary>
    public DateTimeOffset? ResetsAt => window is SpendWindow.Calendar calendar ? new DateTimeOffset(PeriodOf(calendar, _now).End, TimeSpan.Zero) : null;

    // What was promised for money can still be charged until its validity ends; a count is of what was done, and that was done when it was reserved.
    private bool IsMoney => measure == SpendMeasure.Dollars;

    /// <summary>How much room one more payment needs; nothing for a recipient that is counted already.</summary>
    public UInt128 NeedOf(PaymentFacts facts) => UInt128.Min(_tally.NeedOf(facts), _inPeriod.NeedOf(facts));

    public override bool TakesTotals => window is SpendWindow.Total && measure != SpendMeasure.Recipients;

    public override void AddTotals(PaymentKind kind)
    {
        var (spent, held) = IsMoney ? (kind.SpentValue, kind.HeldValue) : ((UInt128)kind.SpentCount, (UInt128)kind.HeldCount);
        _tally.AddUnits(spent, held);
    }

    public override long EarliestReservation(long longestLife)
    {
        var life = IsMoney ? longestLife : 0;
        return window switch
        {
            SpendWindow.Total => long.MinValue,
            SpendWindow.UnderWay => long.MinValue,
            SpendWindow.Rolling rolling => _now - Math.Min(_now, Later(life, rolling.Length.Ticks)),
            SpendWindow.Calendar calendar => Math.Min(
                PeriodOf(calendar, _now).Start,
                _now - Math.Min(_now, Later(life, BudgetLedger.LiveMargin.Ticks + 1))),
            _ => throw new UnreachableException(),
        };
    }

    public override void Add(Payment payment)
    {
        Advance(payment.ReservedAt);
        var (share, leavesAt) = (ShareOf(payment.State), LeavesAt(payment, payment.State));
        if (share == Share.None || leavesAt <= _now)
        {
            return;
        }

        if (IsInPeriod(leavesAt))
        {
            // INVARIANT: one period at a time: an earlier one has ended by now, and its payments have left.
            _periodEnd = leavesAt;
            _inPeriod.Add(payment.Facts, share);
            return;
        }

        _tally.Add(payment.Facts, share);
        if (leavesAt != Never)
        {
            _leaving.Enqueue(payment, leavesAt);
        }
    }

    public override void Move(Payment payment, PaymentState from, DateTimeOffset now)
    {
        var (before, after) = (ShareOf(from), ShareOf(payment.State));
        var (leftAt, leavesAt) = (LeavesAt(payment, from), LeavesAt(payment, payment.State));
        if (leftAt > _now && (before != after || leavesAt != leftAt))
        {
            Count(TallyOf(leftAt), payment, before, -1);
            if (leavesAt > _now)
            {
                // A proof ends the time in which it could still be charged: it leaves with its own period, or has left by now.
                _periodEnd = IsInPeriod(leavesAt) ? leavesAt : _periodEnd;
                Count(TallyOf(leavesAt), payment, after, 1);
            }
        }

        Advance(now);
    }

    /// <summary>Lets go of what the clock has passed.</summary>
    public void Advance(DateTimeOffset now)
    {
        // INVARIANT: all moves are in, so a payment's state now is the one it is counted under.
        _now = Math.Max(_now, now.UtcTicks);
        while (_leaving.TryPeek(out var payment, out var leavesAt) && leavesAt <= _now)
        {
            _leaving.Dequeue();
            // What a proof made leave earlier was taken out then.
            if (leavesAt == LeavesAt(payment, payment.State))
            {
                Count(_tally, payment, ShareOf(payment.State), -1);
            }
        }

        if (_periodEnd <= _now)
        {
            (_inPeriod, _periodEnd) = (Tally.Of(measure), Never);
        }
    }

    /// <summary>How long until <paramref name="need"/> of the sum is gone at the latest, if nothing else happens; null when that is never or not known.</summary>
    public TimeSpan? FreesIn(UInt128 need)
    {
        if (_leaving.Count > MaxSorted)
        {
            return null;
        }

        UInt128 freed = 0;
        var counted = _leaving.UnorderedItems.Where(item => ShareOf(item.Element.State) != Share.None && item.Priority == LeavesAt(item.Element, item.Element.State));
        foreach (var (units, leavesAt) in _tally.Freed(counted).Append((Units: _inPeriod.Spent + _inPeriod.Held, At: _periodEnd)).OrderBy(item => item.At))
        {
            freed += units;
            if (freed >= need && leavesAt != Never)
            {
                return TimeSpan.FromTicks(leavesAt - _now);
            }
        }

        return null;
    }

    // A payment that is live beyond its period never leaves exactly at the end of a later one: ends are whole seconds, and the margin is not.
    private bool IsInPeriod(long leavesAt) => window is SpendWindow.Calendar calendar && leavesAt == PeriodOf(calendar, _now).End;

    private Tally TallyOf(long leavesAt) => IsInPeriod(leavesAt) ? _inPeriod : _tally;

    private static void Count(Tally tally, Payment payment, Share share, int by)
    {
        switch (share, by)
        {
            case (Share.None, _):
                break;
            case (_, > 0):
                tally.Add(payment.Facts, share);
                break;
            default:
                tally.Remove(payment.Facts, share);
                break;
        }
    }

    private Share ShareOf(PaymentState state) => state switch
    {
        PaymentState.Reserved or PaymentState.Sent => Share.Held,
        PaymentState.Aborted or PaymentState.Expired => Share.None,
        _ when window is SpendWindow.UnderWay => Share.None,
        PaymentState.InDoubt => Share.Held,
        PaymentState.Settled or PaymentState.Proven or PaymentState.Voided => Share.Spent,
        _ => throw new UnreachableException(),
    };

    // INVARIANT: a payment counts while now < LeavesAt, and this depends on nothing that changes but a proof, which makes it earlier once. While it can
    // still be charged it counts in the current window too; what is proven counts where it was reserved.
    private long LeavesAt(Payment payment, PaymentState state)
    {
        var (reservedAt, validUntil) = (payment.ReservedAt.UtcTicks, payment.ValidBefore.UtcTicks);
        var dead = IsMoney ? Math.Max(reservedAt, validUntil) : reservedAt;
        return window switch
        {
            SpendWindow.Total or SpendWindow.UnderWay => Never,
            SpendWindow.Rolling rolling => Later(dead, rolling.Length.Ticks),
            SpendWindow.Calendar calendar when !IsMoney || state == PaymentState.Proven => PeriodOf(calendar, reservedAt).End,
            SpendWindow.Calendar calendar => Math.Max(PeriodOf(calendar, reservedAt).End, Later(dead, BudgetLedger.LiveMargin.Ticks + 1)),
            _ => throw new UnreachableException(),
        };
    }

    private (long Start, long End) PeriodOf(SpendWindow.Calendar calendar, long instant)
    {
        if (instant < _period.Start || instant >= _period.End)
        {
            var (start, end) = calendar.Bounds(new DateTimeOffset(instant, TimeSpan.Zero));
            _period = (start.UtcTicks, end.UtcTicks);
        }

        return _period;
    }

    private static long Later(long instant, long by) => by > Never - 1 - instant ? Never - 1 : instant + by;
}
