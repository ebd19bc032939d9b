using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Follows the payments of one scope: it is shown all that there are when it is made, and each reservation and move from then on.</summary>
internal abstract class ScopeWatcher(SpendScope scope)
{
    public SpendScope Scope => scope;

    /// <summary>The earliest reservation that can still matter to it, so that it need not be shown those before.</summary>
    /// <param name="longestLife">The longest time between the reservation of any payment and its end of validity.</param>
    public virtual long EarliestReservation(long longestLife) => long.MinValue;

    /// <summary>Whether the totals of each kind are all that it has to be shown when it is made.</summary>
    public virtual bool TakesTotals => false;

    /// <summary>All payments of a kind at once.</summary>
    public virtual void AddTotals(PaymentKind kind) => throw new NotSupportedException("each payment has to be shown");

    /// <summary>One more payment.</summary>
    public abstract void Add(Payment payment);

    /// <summary>A payment that it was shown has changed.</summary>
    /// <param name="payment">As it is now.</param>
    /// <param name="from">As what it was counted before.</param>
    /// <param name="now">Now.</param>
    public abstract void Move(Payment payment, PaymentState from, DateTimeOffset now);
}
