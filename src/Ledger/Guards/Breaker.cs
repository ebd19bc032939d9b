using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// How the payments of one seller have ended: how many were paid and not delivered since the last delivery, and when. Built from the retained
/// payments, so an edit of the policy neither closes nor opens it.
/// </summary>
internal sealed class Breaker(SpendScope scope) : ScopeWatcher(scope)
{
    private static readonly TimeSpan TrialRetry = TimeSpan.FromSeconds(2);

    // The most that a rule can say.
    private const int MostFailures = 100;

    // More failures in a row than a rule can ask for make no difference.
    private const int Memory = 128;

    // Those whose outcome was told last, in the order of the lines that told it.
    private readonly List<Payment> _told = [];
    private readonly HashSet<Payment> _underWay = [];

    /// <summary>Why this seller gets no payment now; null when it does.</summary>
    public ReserveOutcome.Refused? Refuse(BreakerGuard guard, DateTimeOffset now)
    {
        var failures = FailuresInARow();
        if (failures < guard.Failures)
        {
            return null;
        }

        var opensAt = _told[^1].OutcomeAt.At + guard.Pause;
        TimeSpan? wait = now < opensAt ? opensAt - now : IsTried(now) ? TrialRetry : null;
        return wait is null ? null : new ReserveOutcome.Refused(ReserveRefusal.MerchantSuspended, RetryAfter: wait) { Rule = guard.Rule, PassesAt = failures < MostFailures ? failures + 1 : null };
    }

    public override void Add(Payment payment)
    {
        if (payment.IsUnderWay)
        {
            _underWay.Add(payment);
        }

        Take(payment);
    }

    public override void Move(Payment payment, PaymentState from, DateTimeOffset now)
    {
        if (!payment.IsUnderWay)
        {
            _underWay.Remove(payment);
        }

        Take(payment);
    }

    private int FailuresInARow()
    {
        var delivered = _told.FindLastIndex(payment => payment.Outcome == DeliveryOutcome.Delivered);
        return _told.Count - 1 - delivered;
    }

    // A payment may be told of several times, and each time may stand in another place: what seemed delivered may turn out not to be.
    private void Take(Payment payment)
    {
        if (payment.Outcome is DeliveryOutcome.Unknown)
        {
            return;
        }

        _told.Remove(payment);
        _told.Insert(1 + _told.FindLastIndex(other => other.OutcomeAt.Sequence < payment.OutcomeAt.Sequence), payment);
        if (_told.Count > Memory)
        {
            _told.RemoveAt(0);
        }
    }

    // One at a time. What has been under way for longer than it could be charged is no trial any more.
    private bool IsTried(DateTimeOffset now) => _underWay.Any(payment => now < payment.ValidBefore + LogicalRequests.DoubtMargin);
}
