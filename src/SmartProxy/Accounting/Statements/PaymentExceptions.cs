using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Accounting.Statements;

/// <summary>The payments of an account that a person should look at.</summary>
internal static class PaymentExceptions
{
    public static IEnumerable<StatedException> Of(
        StatementBook book, ChainId chain, WalletAccount account, IReadOnlyList<BookedPayment> payments, IReadOnlyDictionary<PaymentId, BookedPayment> settled, IReadOnlyList<BookedPayment> open, bool isRead)
    {
        var stillOpen = open.Select(payment => payment.Id).ToHashSet();
        foreach (var payment in payments)
        {
            var isSettled = settled.ContainsKey(payment.Id);
            if (stillOpen.Contains(payment.Id) && payment.Voided is null)
            {
                yield return Open(payment);
            }

            if (payment.Voided is { } voided && book.Month.Contains(voided.At))
            {
                yield return About(payment, "voided", $"closed by {Printable.Line(voided.Word.By, 60)} without a proof: {Printable.Line(voided.Word.Reason)}");
            }

            if (payment is { State: PaymentState.Expired, Claim.Success: true, Proof: { } never } && book.IsOfTheMonth(never))
            {
                yield return About(payment, "claim_disproved", $"the seller said that it settled (`{Printable.Line(payment.Claim.Transaction, 80)}`), and block {never.Block} shows that it never did", never);
            }

            if (isSettled && payment.Claim?.Amount is { } said && said != payment.Terms.Value)
            {
                yield return About(payment, "settled_other_amount", $"the seller said that it took {said}, and the chain shows {payment.Terms.Value}", payment.Proof);
            }

            if (isRead && isSettled && payment.State is not PaymentState.Proven)
            {
                yield return About(payment, "not_booked", $"the chain shows it settled, and the journal does not have the proof yet (it is {payment.State} there)");
            }

            if (isRead && !isSettled && payment is { State: PaymentState.Proven, Proof: { } proof } && book.IsOfTheMonth(proof))
            {
                yield return About(payment, "proof_not_shown", $"the journal holds a proof in block {proof.Block}, and the nodes do not show it", proof);
            }
        }

        StatedException About(BookedPayment payment, string kind, string detail, ChainProof? proof = null) => new(kind, chain, account, payment.Terms.Value.Units, detail)
        {
            Payment = payment.Id,
            To = payment.Terms.To,
            Block = proof?.Block,
            Transaction = proof?.Transaction,
        };

        StatedException Open(BookedPayment payment)
        {
            var asked = $"reserved {payment.At:u} for {payment.Reserved.Facts.Agent} at {payment.Reserved.Facts.Origin}";
            return payment switch
            {
                { State: PaymentState.Proven, Proof: { } later } => About(payment, "settled_later", $"{asked}; settled in block {later.Block}, after the month", later),
                { State: PaymentState.Settled } => About(payment, "claimed_not_proven", $"{asked}; the seller says that it settled (`{Printable.Line(payment.Claim?.Transaction, 80)}`)"),
                { State: PaymentState.InDoubt } => About(payment, "in_doubt", $"{asked}; {payment.Why}"),
                _ => About(payment, "under_way", asked),
            };
        }
    }
}
