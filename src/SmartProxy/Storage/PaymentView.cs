using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>A payment that could still be charged, as operators see it.</summary>
internal sealed record PaymentView(PaymentId Id, PaymentState State, PaymentFacts Facts, DateTimeOffset ReservedAt, DateTimeOffset ValidBefore)
{
    /// <summary>Payments that are under way or whose authorization may not have expired everywhere, newest first.</summary>
    public static IReadOnlyList<PaymentView> Live(BudgetLedger ledger, DateTimeOffset now, int limit)
    {
        var live = new List<PaymentView>();
        for (var i = ledger.Payments.Count - 1; i >= 0 && live.Count < limit; i--)
        {
            var payment = ledger.Payments[i];
            if (payment.IsUnderWay || (payment.State == PaymentState.InDoubt && now <= payment.ValidBefore + BudgetLedger.LiveMargin))
            {
                live.Add(new PaymentView(payment.Id, payment.State, payment.Facts, payment.ReservedAt, payment.ValidBefore));
            }
        }

        return live;
    }
}
