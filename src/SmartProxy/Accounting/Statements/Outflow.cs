using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting.Statements;

/// <summary>What left an account and why: settled by a decision of the journal, or by none.</summary>
/// <param name="Payment">The decision; null when no nonce of the journal has to do with it.</param>
/// <param name="Moved">The transfer; null for a use without one.</param>
/// <param name="Use">The use of an authorization; null for a plain transfer.</param>
/// <param name="IsSettled">Whether the use and exactly the transfer that the decision allowed are in one transaction.</param>
internal sealed record Outflow(BookedPayment? Payment, WalletLog? Moved, WalletLog? Use, bool IsSettled)
{
    /// <summary>Where it happened.</summary>
    public WalletLog At => Use ?? Moved!;

    /// <summary>
    /// Judges the events of one account in the chain's order. The token tells of a use before it tells of its transfer, one transaction may hold
    /// many, and each transfer explains one use.
    /// </summary>
    public static IReadOnlyList<Outflow> Judge(IReadOnlyList<WalletLog> logs, Func<Bytes32, BookedPayment?> find)
    {
        var flows = new List<Outflow>();
        foreach (var transaction in logs.Where(log => log.Kind is not WalletLogKind.Received).GroupBy(log => (log.Block, log.Transaction)))
        {
            var transfers = transaction.Where(log => log.Kind is WalletLogKind.Transfer && log.Value > 0).ToList();
            foreach (var use in transaction.Where(log => log.Kind is WalletLogKind.Used))
            {
                var flow = Judge(use, find(use.Subject), transfers.Where(transfer => transfer.Index > use.Index).ToList());
                _ = flow.Moved is not null && transfers.Remove(flow.Moved);
                flows.Add(flow);
            }

            flows.AddRange(transfers.Select(transfer => new Outflow(null, transfer, null, IsSettled: false)));
        }

        return flows;
    }

    private static Outflow Judge(WalletLog use, BookedPayment? payment, List<WalletLog> later)
    {
        var exact = payment is { State: not (PaymentState.Aborted or PaymentState.Expired), Terms: var terms }
            ? later.FirstOrDefault(transfer => transfer.Subject == EthJson.WordOf(terms.To) && transfer.Value == terms.Value.Units)
            : null;
        return new Outflow(payment, exact ?? later.FirstOrDefault(), use, IsSettled: exact is not null);
    }
}
