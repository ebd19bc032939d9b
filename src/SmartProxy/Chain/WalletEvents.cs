using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Chain;

/// <summary>
/// Explains every event of our wallets by a decision. A use is settled only with exactly its transfer in the same transaction: payee, amount and
/// contract. What nothing explains is drift: the key is used elsewhere or the journal is an old copy, so everybody is frozen until a person has looked.
/// </summary>
internal sealed class WalletEvents(ChainId chain, LedgerHost ledger, ChainBook book, ChainAlarms alarms)
{
    /// <summary>Who freezes.</summary>
    public const string By = "chain";

    /// <summary>How the reason of a freeze for drift begins.</summary>
    public const string DriftWord = "drift";

    private readonly Refunds _refunds = new(chain, ledger);

    /// <summary>Payments about which something was found that is not booked yet.</summary>
    public HashSet<OpenPayment> Found { get; } = [];

    /// <summary>What was found on a branch that is gone was not found.</summary>
    public void Forget()
    {
        foreach (var payment in book.Open)
        {
            (payment.Used, payment.Canceled, payment.Mismatch) = (null, null, null);
            alarms.Resolved(chain, payment.Id);
        }

        Found.Clear();
    }

    /// <summary>Takes in the events of a range of final blocks, in the chain's order.</summary>
    public async Task TakeAsync(IReadOnlyList<WalletLog> logs, AgreedChain nodes, CancellationToken cancellationToken)
    {
        foreach (var transaction in logs.GroupBy(log => (log.Block, log.BlockHash, log.Transaction)))
        {
            var block = await nodes.BlockAsync(transaction.Key.Block, cancellationToken);
            if (block.Hash != transaction.Key.BlockHash)
            {
                throw new ChainFaultException(ChainFault.Disagreement, $"{chain} has an event in block {block.Number} by another hash than the block's own");
            }

            await TakeAsync([.. transaction], new ChainProof(block.Number, block.Hash, block.Time, transaction.Key.Transaction), cancellationToken);
        }
    }

    private async Task TakeAsync(List<WalletLog> logs, ChainProof proof, CancellationToken cancellationToken)
    {
        // Anybody can make a token say that nothing was moved from anybody: that is no event.
        var transfers = logs.Where(log => log.Kind is WalletLogKind.Transfer && log.Value > 0).ToList();
        foreach (var log in logs.Where(log => log.Kind is WalletLogKind.Used or WalletLogKind.Canceled))
        {
            var payment = await ledger.QueryAsync((books, _) => books.FindByNonce(chain, log.Asset, log.Wallet, log.Subject) is { } found ? new Known(found.Id, found.State, found.Facts.PayTo) : null, cancellationToken);
            var transfer = log.Kind is WalletLogKind.Used ? TransferOf(log, payment, transfers) : null;
            _ = transfer is not null && transfers.Remove(transfer);
            await JudgeAsync(log, payment, transfer, proof, cancellationToken);
        }

        foreach (var transfer in transfers)
        {
            await DriftAsync(transfer, null, proof, cancellationToken);
        }

        foreach (var received in logs.Where(log => log.Kind is WalletLogKind.Received && log.Value > 0))
        {
            await _refunds.TakeAsync(received, proof, cancellationToken);
        }
    }

    // The contract tells of the use before it tells of the transfer, and one transaction may hold many: each transfer explains one use.
    private WalletLog? TransferOf(WalletLog use, Known? payment, List<WalletLog> transfers)
    {
        var later = transfers.Where(transfer => transfer.Asset == use.Asset && transfer.Wallet == use.Wallet && transfer.Index > use.Index);
        return payment is null ? later.FirstOrDefault()
            : book.Find(payment.Id) is not { } open ? later.FirstOrDefault(transfer => transfer.Subject == EthJson.WordOf(payment.PayTo))
            : later.FirstOrDefault(transfer => transfer.Subject == EthJson.WordOf(open.Terms.To) && transfer.Value == open.Terms.Value.Units);
    }

    private async Task JudgeAsync(WalletLog log, Known? payment, WalletLog? transfer, ChainProof proof, CancellationToken cancellationToken)
    {
        if (payment is null || (payment.State is PaymentState.Aborted or PaymentState.Expired && log.Kind is WalletLogKind.Used))
        {
            await DriftAsync(log, transfer, proof, cancellationToken);
            return;
        }

        if (book.Find(payment.Id) is not { } open || open.IsFound)
        {
            return; // proven before, and read once more
        }

        if (log.Kind is WalletLogKind.Canceled)
        {
            open.Canceled = proof;
        }
        else if (transfer is not null)
        {
            open.Used = proof;
        }
        else
        {
            open.Mismatch = $"{chain} shows in block {proof.Block} that the authorization of payment {payment.Id} was used, and no transfer of {open.Terms.Value} to {open.Terms.To} with it; it stays held";
            alarms.Mismatch(chain, payment.Id, open.Mismatch);
            return;
        }

        Found.Add(open);
    }

    // INVARIANT: frozen first, then recorded: who dies in between freezes again.
    private async Task DriftAsync(WalletLog log, WalletLog? transfer, ChainProof proof, CancellationToken cancellationToken)
    {
        var moved = log.Kind is WalletLogKind.Transfer ? log : transfer;
        Bytes32? nonce = log.Kind is WalletLogKind.Transfer ? null : log.Subject;
        var drift = new ChainDrift(
            chain, log.Asset, log.Wallet, nonce, moved is null ? null : EthJson.AddressOf(moved.Subject), moved is null ? null : new TokenAmount(moved.Value), log.Index, proof);
        if (await ledger.QueryAsync((books, _) => books.IsKnown(drift), cancellationToken))
        {
            return;
        }

        var what = nonce is { } used
            ? $"{DriftWord}: {chain} shows at {proof.BlockTime:u} that the authorization {used} of {log.Wallet} was {(log.Kind is WalletLogKind.Used ? "used" : "cancelled")}, which no decision of this journal explains (transaction {proof.Transaction})"
            : $"{DriftWord}: {chain} shows at {proof.BlockTime:u} a transfer of {moved!.Value} from {log.Wallet} to {drift.To} that no decision of this journal explains (transaction {proof.Transaction})";
        await ledger.RecordAsync(new LedgerEvent.Frozen(null, By, what)); // also under a freeze that stands: whoever ends that has not seen this
        await ledger.RecordAsync(new LedgerEvent.Drifted(drift));
        alarms.Tell(DriftWord, what);
    }

    private sealed record Known(PaymentId Id, PaymentState State, EvmAddress PayTo);
}
