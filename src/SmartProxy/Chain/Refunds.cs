using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Chain;

/// <summary>
/// Matches what comes in with what was paid: a transfer from the payee of a payment, to the wallet that paid it, in the same token, after it, of at most
/// what is left of it. The newest payment of exactly that amount is taken, else the newest with enough left. A match is a reading and no proof, and it
/// returns nothing to any budget.
/// </summary>
internal sealed class Refunds(ChainId chain, LedgerHost ledger)
{
    /// <summary>The most payments to one payee that are looked at, newest first.</summary>
    public const int MaxCandidates = 200;

    public async ValueTask TakeAsync(WalletLog received, ChainProof proof, CancellationToken cancellationToken)
    {
        var payee = EthJson.AddressOf(received.Subject);
        var refund = new ChainRefund(chain, received.Asset, payee, received.Wallet, new TokenAmount(received.Value), received.Index, proof);
        if (await ledger.QueryAsync((books, _) => books.IsKnown(refund), cancellationToken))
        {
            return; // read once more, after a start
        }

        var candidates = await ledger.QueryAsync((books, _) => CandidatesIn(books, payee, received.Asset, proof), cancellationToken);
        var fitting = candidates.Select(candidate => (candidate.Id, Paid: PaidBy(candidate.Sequence, received.Wallet), candidate.Back))
            .Where(candidate => candidate.Paid >= candidate.Back && candidate.Paid - candidate.Back >= received.Value)
            .ToList();
        if (fitting.Count == 0)
        {
            return;
        }

        var exact = fitting.FindIndex(candidate => candidate.Back == 0 && candidate.Paid == received.Value);
        await ledger.RecordAsync(new LedgerEvent.Refunded(fitting[Math.Max(exact, 0)].Id, refund));
    }

    // Copied out: the books belong to their writer.
    private List<(PaymentId Id, long Sequence, UInt128 Back)> CandidatesIn(BudgetLedger books, EvmAddress payee, EvmAddress asset, ChainProof proof) =>
    [
        .. books.Payments.Reverse()
            .Where(payment => payment.Facts.PayTo == payee && payment.Facts.Asset == asset && payment.Facts.Network == chain && payment.ReservedAt <= proof.BlockTime
                && payment.State is PaymentState.Settled or PaymentState.Proven or PaymentState.Voided)
            .Take(MaxCandidates)
            .Select(payment => (payment.Id, payment.Sequence, books.RefundedOf(payment.Id))),
    ];

    // Token units and wallet are not retained in memory; the line that reserved the payment has them.
    private UInt128 PaidBy(long sequence, EvmAddress wallet) =>
        ledger.ReadAfter(sequence - 1).First().Entry is JournalEntry.Reserved { Authorization.Terms: var terms } && terms.From == wallet ? terms.Value.Units : 0;
}
