using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The latest payment of each logical request: at most one live authorization for each. A logical request is what the agent calls one, by its
/// idempotency key, or else what looks like one.
/// </summary>
internal sealed class LogicalRequests
{
    /// <summary>How long past <c>validBefore</c> a lost payment stays in the way of a request without a key.</summary>
    public static readonly TimeSpan DoubtMargin = TimeSpan.FromSeconds(60);

    /// <summary>How long an unsafe request can't be bought again, unless the agent says by a key that it means it.</summary>
    public static readonly TimeSpan DuplicateWindow = TimeSpan.FromSeconds(30);

    /// <summary>How long a finished idempotency key is remembered.</summary>
    public static readonly TimeSpan KeyRetention = TimeSpan.FromHours(24);

    private static readonly TimeSpan InProgressRetry = TimeSpan.FromSeconds(2);

    private readonly Dictionary<(AgentId Agent, Bytes32 Request, bool IsKey), Payment> _latest = [];
    private int _sweepAt = 4096;

    /// <summary>Why this request may not be paid now because of an earlier one; null when nothing is in the way.</summary>
    public ReserveOutcome.Refused? InTheWay(ReserveRequest request, DateTimeOffset now)
    {
        if (!_latest.TryGetValue(KeyOf(request.Facts.Agent, request.LogicalRequest, request.HasIdempotencyKey), out var earlier)
            || !IsRemembered(earlier, now))
        {
            return null;
        }

        if (request.HasIdempotencyKey && earlier.RequestDigest != request.RequestDigest)
        {
            return Refuse(ReserveRefusal.IdempotencyKeyReuse);
        }

        if (earlier.IsUnderWay)
        {
            return Refuse(ReserveRefusal.PaymentInProgress, InProgressRetry);
        }

        if (request.HasIdempotencyKey)
        {
            return Refuse(earlier.State == PaymentState.InDoubt ? ReserveRefusal.PaymentInDoubt : ReserveRefusal.DuplicatePayment);
        }

        return earlier.State == PaymentState.InDoubt && !earlier.Delivered
            ? Refuse(ReserveRefusal.PaymentInDoubt, earlier.ValidBefore + DoubtMargin - now)
            : Refuse(ReserveRefusal.DuplicatePayment, earlier.ChangedAt + DuplicateWindow - now);

        ReserveOutcome.Refused Refuse(ReserveRefusal reason, TimeSpan? retryAfter = null) =>
            new(reason, RetryAfter: retryAfter, Earlier: earlier.Id);
    }

    public void Add(Payment payment, DateTimeOffset now)
    {
        if (_latest.Count >= _sweepAt)
        {
            Sweep(now);
        }

        _latest[KeyOf(payment.Facts.Agent, payment.LogicalRequest, payment.HasIdempotencyKey)] = payment;
    }

    // Whether an earlier payment can still be in the way of a later one. What is not finished is never forgotten while it could be charged.
    private static bool IsRemembered(Payment earlier, DateTimeOffset now) =>
        earlier.HasIdempotencyKey ? IsKeyRemembered(earlier, now) : earlier.State switch
        {
            PaymentState.Aborted or PaymentState.Expired => false,
            PaymentState.Settled or PaymentState.Proven or PaymentState.Voided => IsRecentUnsafe(earlier, now),
            PaymentState.InDoubt => earlier.Delivered ? IsRecentUnsafe(earlier, now) : now < earlier.ValidBefore + DoubtMargin,
            PaymentState.Reserved or PaymentState.Sent => now < earlier.ValidBefore + DoubtMargin,
        };

    private static bool IsKeyRemembered(Payment earlier, DateTimeOffset now) => earlier.State switch
    {
        PaymentState.Aborted or PaymentState.Expired => false,
        PaymentState.Settled or PaymentState.Proven or PaymentState.Voided => now < earlier.ChangedAt + KeyRetention,
        PaymentState.Reserved or PaymentState.Sent or PaymentState.InDoubt => true,
    };

    private static bool IsRecentUnsafe(Payment earlier, DateTimeOffset now) =>
        !earlier.IsSafeMethod && now < earlier.ChangedAt + DuplicateWindow;

    private void Sweep(DateTimeOffset now)
    {
        foreach (var (key, payment) in _latest)
        {
            if (!IsRemembered(payment, now))
            {
                _latest.Remove(key);
            }
        }

        _sweepAt = Math.Max(4096, 2 * _latest.Count);
    }

    private static (AgentId Agent, Bytes32 Request, bool IsKey) KeyOf(AgentId agent, Bytes32 request, bool isKey) => (agent, request, isKey);
}
