using System.Diagnostics;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The running sum of one scope over one window. A payment counts from its reservation until the instant that its window gives it, unless it
/// turns out to be dead; it moves from held to spent when it settles. Time only moves forward.
/// </summary>
internal sealed class SpendSeries(SpendScope scope, SpendWindow window)
{
    private const long Never = long.MaxValue;

    // Above this many payments the wait for room is not worked out: sorting them is not worth an answer that says "later".
    private const int MaxSorted = 16_384;

    private readonly PriorityQueue<Payment, long> _leaving = new();
    private (long Start, long End) _period;
    private long _now;
    private int _cursor;
    private UInt128 _spent;
    private UInt128 _held;

    public Quantity Spent => new Usd(_spent);

    public Quantity Held => new Usd(_held);

    /// <summary>Reserved, sent, in doubt and settled: everything that may have been signed and is not known to be dead.</summary>
    public Quantity Used => new Usd(_spent + _held);

    /// <summary>When the calendar window ends; null for rolling and total.</summary>
    public DateTimeOffset? ResetsAt => window is SpendWindow.Calendar calendar ? new DateTimeOffset(PeriodOf(calendar, _now).End, TimeSpan.Zero) : null;

    /// <summary>Sums the retained payments from scratch.</summary>
    /// <param name="payments">All of them, in order of reservation.</param>
    /// <param name="moves">How many moves they have made so far.</param>
    /// <param name="now">Now.</param>
    public void Build(List<Payment> payments, int moves, DateTimeOffset now)
    {
        (_now, _cursor) = (now.UtcTicks, moves);
        foreach (var payment in payments)
        {
            if (payment.State != PaymentState.Aborted && scope.Matches(payment.Facts))
            {
                Add(payment, isSpent: payment.State == PaymentState.Settled);
            }
        }
    }

    /// <summary>Takes in the moves since the last time, then lets go of what the clock has passed.</summary>
    public void Advance(List<SpendMove> moves, DateTimeOffset now)
    {
        for (; _cursor < moves.Count; _cursor++)
        {
            var move = moves[_cursor];
            if (scope.Matches(move.Payment.Facts))
            {
                Take(move);
            }
        }

        // INVARIANT: all moves are in, so a payment's state now is the one it is counted under.
        _now = Math.Max(_now, now.UtcTicks);
        while (_leaving.TryPeek(out var payment, out var leavesAt) && leavesAt <= _now)
        {
            _leaving.Dequeue();
            Remove(payment);
        }
    }

    /// <summary>How long until <paramref name="need"/> of the sum is gone at the latest, if nothing else happens; null when that is never or not known.</summary>
    public TimeSpan? FreesIn(Usd need)
    {
        if (_leaving.Count > MaxSorted)
        {
            return null;
        }

        UInt128 freed = 0;
        foreach (var (payment, leavesAt) in _leaving.UnorderedItems.OrderBy(item => item.Priority))
        {
            freed += payment.State == PaymentState.Aborted ? 0 : payment.Facts.Value.Micros;
            if (freed >= need.Micros)
            {
                return TimeSpan.FromTicks(leavesAt - _now);
            }
        }

        return null;
    }

    private void Take(SpendMove move)
    {
        switch (move.Kind)
        {
            case SpendMoveKind.Held:
                Add(move.Payment, isSpent: false);
                break;
            case SpendMoveKind.Spent when Counts(move.Payment):
                _held -= move.Payment.Facts.Value.Micros;
                _spent += move.Payment.Facts.Value.Micros;
                break;
            case SpendMoveKind.Freed when Counts(move.Payment):
                _held -= move.Payment.Facts.Value.Micros;
                break;
            case SpendMoveKind.Spent or SpendMoveKind.Freed:
                break; // it has left this window already
        }
    }

    private void Add(Payment payment, bool isSpent)
    {
        var leavesAt = LeavesAt(payment);
        if (leavesAt <= _now)
        {
            return;
        }

        if (isSpent)
        {
            _spent += payment.Facts.Value.Micros;
        }
        else
        {
            _held += payment.Facts.Value.Micros;
        }

        if (leavesAt != Never)
        {
            _leaving.Enqueue(payment, leavesAt);
        }
    }

    private void Remove(Payment payment)
    {
        switch (payment.State)
        {
            case PaymentState.Settled:
                _spent -= payment.Facts.Value.Micros;
                break;
            case PaymentState.Reserved or PaymentState.Sent or PaymentState.InDoubt:
                _held -= payment.Facts.Value.Micros;
                break;
            case PaymentState.Aborted:
                break; // freed when it was aborted
        }
    }

    private bool Counts(Payment payment) => LeavesAt(payment) > _now;

    // INVARIANT: a payment counts while now < LeavesAt, and this depends on nothing that changes.
    private long LeavesAt(Payment payment)
    {
        var validUntil = Math.Max(payment.ReservedAt.UtcTicks, payment.ValidBefore.UtcTicks);
        return window switch
        {
            SpendWindow.Total => Never,
            SpendWindow.Rolling rolling => Later(validUntil, rolling.Length.Ticks),
            SpendWindow.Calendar calendar => Math.Max(
                PeriodOf(calendar, payment.ReservedAt.UtcTicks).End,
                Later(validUntil, BudgetLedger.LiveMargin.Ticks + 1)),
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
