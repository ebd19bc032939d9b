using System.Numerics;
using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting.Statements;

/// <summary>What left an account by no decision, as the chain shows it now and as the journal recorded it; and what came back.</summary>
internal static class FlowExceptions
{
    /// <param name="book">The journal.</param>
    /// <param name="chain">Where.</param>
    /// <param name="account">Whose.</param>
    /// <param name="flows">What left; null when no node could be asked.</param>
    public static IEnumerable<StatedException> Of(StatementBook book, ChainId chain, WalletAccount account, IReadOnlyList<Outflow>? flows)
    {
        var drifts = book.Drifts.Where(drift => drift.Chain == chain && drift.Asset == account.Asset && drift.Wallet == account.Wallet)
            .ToDictionary(drift => (drift.Proof.Transaction, drift.LogIndex));
        foreach (var flow in (flows ?? []).Where(flow => !flow.IsSettled))
        {
            yield return drifts.Remove((flow.At.Transaction, flow.At.Index)) ? About(flow, "drift", "recorded as drift: no decision explains it") : Judge(flow);
        }

        foreach (var drift in drifts.Values)
        {
            var remark = flows is null ? "recorded as drift" : "recorded as drift, and the nodes do not show it now";
            yield return new StatedException("drift", chain, account, drift.Value?.Units is { } units ? (BigInteger?)units : null, remark)
            {
                To = drift.To,
                Block = drift.Proof.Block,
                Transaction = drift.Proof.Transaction,
            };
        }

        foreach (var (payment, refund) in book.Refunds.Where(refund => refund.Refund.Chain == chain && refund.Refund.Asset == account.Asset && refund.Refund.Wallet == account.Wallet))
        {
            yield return new StatedException("refund", chain, account, refund.Value.Units, $"came back from {refund.From}; it is in what came in, and returns no budget")
            {
                Payment = payment,
                To = account.Wallet,
                Block = refund.Proof.Block,
                Transaction = refund.Proof.Transaction,
            };
        }

        StatedException About(Outflow flow, string kind, string detail) => new(kind, chain, account, flow.Moved?.Value is { } units ? (BigInteger?)units : null, detail)
        {
            Payment = flow.Payment?.Id,
            To = flow.Moved is { } moved ? EthJson.AddressOf(moved.Subject) : null,
            Block = flow.At.Block,
            Transaction = flow.At.Transaction,
        };

        StatedException Judge(Outflow flow) => flow switch
        {
            { Payment: { } payment, Moved: { } moved } when payment.State is not (PaymentState.Aborted or PaymentState.Expired) =>
                About(flow, "settled_other_amount", $"its authorization was used, and {moved.Value} moved in place of {payment.Terms.Value} to {payment.Terms.To}"),
            { Payment: { } payment } => About(flow, "transfer_without_decision", $"its authorization was used although the journal says that the payment is {payment.State}, or without its transfer"),
            { Use: { } use } => About(flow, "transfer_without_decision", $"the authorization {use.Subject} is of no decision of this journal, which began {book.Opened:u}"),
            _ => About(flow, "transfer_without_decision", $"a plain transfer, of no decision of this journal, which began {book.Opened:u}"),
        };
    }
}
