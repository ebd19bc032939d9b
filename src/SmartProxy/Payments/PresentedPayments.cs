using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Payments;

/// <summary>A payment header that left: until it expires it is a bearer instrument, so it stays in memory and out of every log.</summary>
internal sealed class PresentedPayment(Reservation reservation, string headerName, string headerValue, string? promisedType = null)
{
    private readonly Lock _gate = new();
    private int _receipts;
    private bool? _wasDelivered;

    /// <summary>The media type that the terms promise, or null.</summary>
    public string? PromisedType { get; } = promisedType;

    public Reservation Reservation { get; } = reservation;

    public string HeaderName { get; } = headerName;

    public string HeaderValue { get; } = headerValue;

    /// <summary>
    /// The id of the receipt that says what happened, told in the order in which it is recorded. What a chain proves meanwhile is not counted: then a
    /// later receipt says more.
    /// </summary>
    public string ReceiptOf(LedgerEvent happened)
    {
        lock (_gate)
        {
            if (happened is not LedgerEvent.InDoubt again || _receipts == 0 || ReceiptMapping.IsNews(again, _wasDelivered))
            {
                _receipts++;
                _wasDelivered = happened switch { LedgerEvent.InDoubt e => e.Delivered, LedgerEvent.Settled e => e.Delivered, _ => false };
            }

            return ReceiptId.Of(Reservation.Id, _receipts);
        }
    }

    public override string ToString() => $"PresentedPayment {Reservation.Id} (secret)";
}

/// <summary>
/// The payments whose outcome is open, for presenting the identical bytes again on the agent's own retry. Bounded; lost on purpose at a restart:
/// after it nothing is presented again.
/// </summary>
internal sealed class PresentedPayments(TimeProvider time)
{
    private const int Capacity = 10_000;

    // Facilitators refuse an authorization with less validity left than this.
    private const int UsefulSeconds = 6;

    private readonly Lock _gate = new();
    private readonly Dictionary<PaymentId, PresentedPayment> _payments = [];
    private readonly Queue<PaymentId> _order = new();

    public void Add(PresentedPayment payment)
    {
        lock (_gate)
        {
            _payments[payment.Reservation.Id] = payment;
            _order.Enqueue(payment.Reservation.Id);
            while (_order.Count > Capacity || (_order.TryPeek(out var oldest) && !IsUseful(oldest)))
            {
                _payments.Remove(_order.Dequeue());
            }
        }
    }

    public void Remove(PaymentId id)
    {
        lock (_gate)
        {
            _payments.Remove(id);
        }
    }

    /// <summary>The payment, while its authorization can still be of use; else null.</summary>
    public PresentedPayment? Find(PaymentId id)
    {
        lock (_gate)
        {
            return IsUseful(id) ? _payments[id] : null;
        }
    }

    private bool IsUseful(PaymentId id) =>
        _payments.TryGetValue(id, out var payment)
        && payment.Reservation.Authorization.Terms.ValidBefore - time.GetUtcNow().ToUnixTimeSeconds() >= UsefulSeconds;
}
