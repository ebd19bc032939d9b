using System.Globalization;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Chain;

/// <summary>
/// Reconciles the books with one chain. A sweep (1) takes the newest block that is final for all nodes, (2) reads what token contracts told about
/// our wallets since the last sweep, (3) books what that proves, (4) releases what can never be used any more, and (5) reads the balances. The
/// chain's word is taken at final blocks only, and only when all nodes give the same.
/// </summary>
internal sealed class ChainWatch(AgreedChain chain, LedgerHost ledger, ChainBook book, WalletFunds funds, ChainAlarms alarms, IReadOnlyCollection<WalletAccount> ours, TimeProvider time)
{
    /// <summary>A chain whose newest block is older than this shows nothing that can be relied on.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(15);

    /// <summary>The most authorizations whose state is asked in one sweep.</summary>
    public const int StatesPerSweep = 200;

    // After a reorganisation of final blocks, and after a start, this much is read again.
    private static readonly TimeSpan ReadAgain = TimeSpan.FromDays(1);

    private readonly WalletEvents _events = new(chain.Chain, ledger, book, alarms);
    private readonly LogScan _scan = new(chain);
    private volatile ChainHead? _head;
    private bool _wasReorganized;
    private bool _wasRead;

    public ChainId Chain => chain.Chain;

    /// <summary>The head as all nodes saw it last; null before the first time.</summary>
    public ChainHead? Head => _head;

    /// <summary>Whether the last sweep found nothing wrong and left something to read.</summary>
    public bool HasMore { get; private set; }

    /// <summary>One sweep. Says whether all of the chain up to its final head was taken in; a fault becomes an alarm, and changes nothing.</summary>
    public async Task<bool> SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            var head = await chain.HeadAsync(cancellationToken);
            _head = head;
            await RefuseStaleAsync(head.Newest);
            book.CatchUp();
            await FollowAsync(head.Final, cancellationToken);
            var isThrough = await ReconcileAsync(head, cancellationToken);
            alarms.Agreed(chain.Chain);
            HasMore = !isThrough;
            return isThrough;
        }
        catch (ChainFaultException fault)
        {
            alarms.Fault(chain.Chain, fault);
            HasMore = false;
            return false;
        }
    }

    private async Task<bool> ReconcileAsync(ChainHead head, CancellationToken cancellationToken)
    {
        var final = head.Final;
        var accounts = ours.Union(book.Accounts).ToHashSet();
        while (await _scan.NextAsync(accounts, final, cancellationToken) is { } logs)
        {
            await _events.TakeAsync(logs, chain, cancellationToken);
        }

        await ConcludeAsync(final);
        if (!_scan.IsAt(final))
        {
            return false;
        }

        await ReleaseAsync(final, cancellationToken);
        await ReadBalancesAsync(accounts, head, cancellationToken);
        return true;
    }

    // While we run, the time since boot tells a clock that jumps. At a start only the chain can: one that is far ahead would open the next day's budgets.
    private async Task RefuseStaleAsync(BlockHeader newest)
    {
        var (now, isFirst) = (time.GetUtcNow(), !_wasRead);
        _wasRead = true;
        if (now - newest.Time <= StaleAfter)
        {
            return;
        }

        if (isFirst)
        {
            await ledger.RecordAsync(new LedgerEvent.Frozen(null, ClockWatch.By, string.Create(
                CultureInfo.InvariantCulture, $"clock: at the start it says {now:u}, and the newest block of {chain.Chain} is of {newest.Time:u}; when the clock is right, `smartproxy unfreeze`")));
        }

        throw new ChainFaultException(ChainFault.Stale, $"its newest block {newest.Number} is of {newest.Time:u}, and this machine's clock says {now:u}");
    }

    // Where the reading goes on: never behind a block that was final and is not there any more.
    private async Task FollowAsync(BlockHeader final, CancellationToken cancellationToken)
    {
        if (_scan.Last is not { } last)
        {
            var start = await chain.FirstBlockAtAsync(StartTime(), final, cancellationToken);
            _scan.StartAt(start);
            return;
        }

        if (final.Number < last.Number)
        {
            throw new ChainFaultException(ChainFault.Lagging, $"its final block was {last.Number} and is now {final.Number}");
        }

        if (await chain.BlockAsync(last.Number, cancellationToken) is var now && now.Hash != last.Hash)
        {
            _scan.Forget();
            _events.Forget();
            _wasReorganized = true; // a proof may have been of the branch that is gone
            throw new ChainFaultException(ChainFault.Reorganized, $"block {last.Number} was final as {last.Hash} and is now {now.Hash}; use the chain's own finality, or more confirmations");
        }
    }

    // Everything open, everything since the last proof with a day to spare, and nothing from before the journal.
    private DateTimeOffset StartTime()
    {
        var since = book.LastProof is { } last && last - ReadAgain > book.Opened && !_wasReorganized ? last - ReadAgain : book.Opened;
        var oldest = book.Open.Count > 0 ? book.Open.Min(payment => payment.ReservedAt) : since;
        return oldest < since ? oldest : since;
    }

    private async Task ConcludeAsync(BlockHeader final)
    {
        foreach (var payment in _events.Found.ToList())
        {
            // While its answer is on its way the seller's claim comes first, so that the books tell both.
            if (payment is { IsUnderWay: true, Used: not null } && final.Time < payment.ValidBefore)
            {
                continue;
            }

            if (payment.Used is { } used)
            {
                await ProveAsync(payment, used);
            }
            else if (payment.Canceled is { } canceled)
            {
                await ledger.RecordAsync(new LedgerEvent.Expired(payment.Id, canceled, LedgerEvent.Expired.Canceled));
            }

            _events.Found.Remove(payment);
        }
    }

    private async Task ProveAsync(OpenPayment payment, ChainProof proof)
    {
        await ledger.RecordAsync(new LedgerEvent.Proven(payment.Id, proof));
        alarms.Resolved(chain.Chain, payment.Id);
        if (payment.State is PaymentState.Voided)
        {
            alarms.Tell("voided_settled", $"payment {payment.Id} was voided, and {chain.Chain} shows it settled in block {proof.Block}");
        }
    }

    /// <summary>Proven dead: a final block at or after <c>validBefore</c>, at whose hash the authorization is neither used nor cancelled.</summary>
    private async Task ReleaseAsync(BlockHeader final, CancellationToken cancellationToken)
    {
        var due = book.Open.Where(payment => !payment.IsFound && payment.ValidBefore <= final.Time).OrderBy(payment => payment.ValidBefore).Take(StatesPerSweep).ToList();
        foreach (var payment in due)
        {
            if (await chain.AuthorizationStateAsync(payment.Terms.Asset, payment.Terms.From, payment.Nonce, final, cancellationToken))
            {
                payment.Mismatch = $"{chain.Chain} says at block {final.Number} that the authorization of payment {payment.Id} was used or cancelled, and shows no event that says which; it stays held";
                alarms.Mismatch(chain.Chain, payment.Id, payment.Mismatch);
            }
            else
            {
                await ledger.RecordAsync(new LedgerEvent.Expired(payment.Id, new ChainProof(final.Number, final.Hash, final.Time), LedgerEvent.Expired.Unused));
            }
        }
    }

    // Money that came in counts at once, though its block is not final: a balance only spares a signature that would bounce, and proves nothing. Money
    // that went out counts when its block is final; until then its payment is outstanding.
    private async Task ReadBalancesAsync(HashSet<WalletAccount> accounts, ChainHead head, CancellationToken cancellationToken)
    {
        var balances = new Dictionary<WalletAccount, UInt128>();
        foreach (var account in accounts)
        {
            var (final, newest) = (
                await chain.BalanceAsync(account.Asset, account.Wallet, head.Final, cancellationToken),
                await chain.BalanceAsync(account.Asset, account.Wallet, head.Newest, cancellationToken));
            balances[account] = UInt128.Max(final, newest);
        }

        // What this sweep proved is no longer outstanding, and is gone from these balances.
        book.CatchUp();
        funds.Publish(chain.Chain, head.Newest, balances, book.Open, book.Sequence);
    }
}
