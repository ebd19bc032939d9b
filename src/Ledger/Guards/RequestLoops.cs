using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Who pays for the same request again and again. Each payment leads to the one before it, so this remembers only the newest, and for a day.</summary>
internal sealed class RequestLoops
{
    /// <summary>The longest time that a loop guard looks back.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    // The most that a rule can say.
    private const int MostTimes = 1000;

    private readonly Dictionary<(AgentId Agent, Bytes32 Request), Payment> _latest = [];
    private int _sweepAt = 4096;

    /// <summary>Why this agent may not pay for this request once more; null when it may.</summary>
    public ReserveOutcome.Refused? Refuse(LoopGuard guard, ReserveRequest request, DateTimeOffset now)
    {
        var made = 0;
        Payment? oldest = null;
        var payment = _latest.GetValueOrDefault((request.Facts.Agent, request.RequestDigest));
        for (; payment is not null && made < MostTimes && now < payment.ReservedAt + guard.Within; payment = payment.EarlierOfRequest)
        {
            // Once as many are so young, the oldest of them has to grow old.
            made += payment.State == PaymentState.Aborted ? 0 : 1;
            oldest ??= made >= guard.Times ? payment : null;
        }

        return oldest is null ? null
            : new ReserveOutcome.Refused(ReserveRefusal.RequestLoop, RetryAfter: oldest.ReservedAt + guard.Within - now) { Rule = guard.Rule, PassesAt = made < MostTimes ? made + 1 : null };
    }

    public void Add(Payment payment, DateTimeOffset now)
    {
        if (_latest.Count >= _sweepAt)
        {
            Sweep(now);
        }

        var key = (payment.Facts.Agent, payment.RequestDigest);
        payment.EarlierOfRequest = _latest.GetValueOrDefault(key);
        _latest[key] = payment;
    }

    private void Sweep(DateTimeOffset now)
    {
        foreach (var (key, payment) in _latest)
        {
            if (now >= payment.ReservedAt + Memory)
            {
                _latest.Remove(key);
            }
        }

        _sweepAt = Math.Max(4096, 2 * _latest.Count);
    }
}
