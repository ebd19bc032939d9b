using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// How the payments of one seller have ended: how many were paid and not delivered since the last delivery, and when. Built from the retained
/// payments, so an edit of the policy neither closes nor opens it.
/// </summary>
internal sealed class Breaker(SpendScope scope) : ScopeWatcher(scope)
{
    private static readonly TimeSpan TrialRetry = TimeSpan.FromSeconds(2);

    // Numbers of the lines that told of failures; those before the last delivery go when the count is needed.
    private readonly HashSet<long> _failures = [];
    private readonly HashSet<Payment> _underWay = [];
    private (long Sequence, DateTimeOffset At) _lastFailure;
    private long _lastDelivery;
    private bool _isTrimmed = true;

    /// <summary>Why this seller gets no payment now; null when it does.</summary>
    public ReserveOutcome.Refused? Refuse(BreakerGuard guard, DateTimeOffset now)
    {
        if (FailuresInARow() < guard.Failures)
        {
            return null;
        }

        var opensAt = _lastFailure.At + guard.Pause;
        TimeSpan? wait = now < opensAt ? opensAt - now : IsTried(now) ? TrialRetry : null;
        return wait is null ? null : new ReserveOutcome.Refused(ReserveRefusal.MerchantSuspended, RetryAfter: wait) { Rule = guard.Rule };
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
        if (!_isTrimmed)
        {
            _failures.RemoveWhere(sequence => sequence < _lastDelivery);
            _isTrimmed = true;
        }

        return _failures.Count;
    }

    // A payment may be told of several times; it fails once, by the line that said so first.
    private void Take(Payment payment)
    {
        if (payment.Outcome == DeliveryOutcome.Delivered && payment.OutcomeAt.Sequence > _lastDelivery)
        {
            (_lastDelivery, _isTrimmed) = (payment.OutcomeAt.Sequence, false);
        }
        else if (payment.Outcome == DeliveryOutcome.Failed && _failures.Add(payment.OutcomeAt.Sequence))
        {
            _isTrimmed = false;
            _lastFailure = payment.OutcomeAt.Sequence > _lastFailure.Sequence ? payment.OutcomeAt : _lastFailure;
        }
    }

    // One at a time. What has been under way for longer than it could be charged is no trial any more.
    private bool IsTried(DateTimeOffset now) => _underWay.Any(payment => now < payment.ValidBefore + LogicalRequests.DoubtMargin);
}
