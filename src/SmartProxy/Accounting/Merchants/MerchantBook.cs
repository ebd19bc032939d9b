using System.Numerics;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting.Merchants;

/// <summary>Makes the scorecards of sellers from the payments of a journal.</summary>
/// <param name="since">Only payments reserved from then on; null for all.</param>
internal sealed class MerchantBook(DateTimeOffset? since)
{
    private readonly PaymentBook _book = new((_, at) => since is not { } first || at >= first);

    public void Take(JournalLine line) => _book.Take(line);

    /// <summary>By name.</summary>
    public IReadOnlyList<MerchantCard> Cards() =>
    [
        .. _book.Payments.Where(payment => payment.State is not PaymentState.Aborted)
            .GroupBy(payment => payment.Reserved.Facts.Merchant ?? payment.Reserved.Facts.Origin.ToString(), StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Card(group.Key, [.. group.OrderBy(payment => payment.At)])),
    ];

    private static MerchantCard Card(string name, IReadOnlyList<BookedPayment> payments)
    {
        var counted = payments.Where(payment => payment.State is not PaymentState.Expired).ToList();
        return new MerchantCard(name)
        {
            Payments = counted.Count,
            Value = Sum(counted.Select(payment => payment.Value)),
            Proven = counted.Count(payment => payment.State is PaymentState.Proven),
            Claimed = counted.Count(payment => payment.State is PaymentState.Settled),
            Doubtful = counted.Count(payment => payment.IsHeld || payment.State is PaymentState.Voided),
            Disproved = payments.Count(payment => payment is { State: PaymentState.Expired, Claim.Success: true }),
            Undelivered = counted.Count(payment => payment.State is PaymentState.Settled or PaymentState.Proven && payment.Delivered is not true),
            RefusedAfterPayment = payments.Count(payment => payment is { Status: >= 400 and < 500 } && payment.Claim?.Success is not true),
            Price = (payments.Min(payment => payment.Value), payments.Max(payment => payment.Value)),
            LastRecipient = payments[^1].Terms.To,
            Recipients = payments.Select(payment => payment.Terms.To).Distinct().Count(),
            MedianAnswer = Median([.. payments.Where(payment => payment.AnsweredAt is not null).Select(payment => payment.AnsweredAt!.Value - payment.At).Order()]),
            Refunds = payments.Count(payment => payment.Refunded > 0),
            Refunded = Sum(payments.Select(RefundedValue)),
        };
    }

    private static Usd RefundedValue(BookedPayment payment) => payment.Terms.Value.Units == 0 ? Usd.Zero
        : new Usd((UInt128)((BigInteger)payment.Value.Micros * payment.Refunded / payment.Terms.Value.Units));

    private static TimeSpan? Median(IReadOnlyList<TimeSpan> sorted) => sorted.Count == 0 ? null : sorted[(sorted.Count - 1) / 2];

    private static Usd Sum(IEnumerable<Usd> values) => values.Aggregate(Usd.Zero, (sum, value) => sum.Plus(value));
}
