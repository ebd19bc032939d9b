using SmartProxy.Chain;

namespace SmartProxy.Accounting.Statements;

/// <summary>What one chain shows of a month, at final blocks only.</summary>
/// <param name="Opening">The last block before the month; null when the chain began in it.</param>
/// <param name="Closing">The last final block of the month.</param>
/// <param name="IsWhole">Whether the month is over on chain; otherwise the closing block is only the last final one so far.</param>
/// <param name="Balances">Of each account at the two blocks; null where the nodes don't know any more.</param>
/// <param name="Logs">Everything that left or came into the accounts between the two, in the chain's order.</param>
internal sealed record ChainMonth(
    BlockHeader? Opening, BlockHeader Closing, bool IsWhole, IReadOnlyDictionary<WalletAccount, (UInt128? Opening, UInt128? Closing)> Balances, IReadOnlyList<WalletLog> Logs)
{
    /// <exception cref="ChainFaultException">The nodes fail, differ, or can't tell about the month.</exception>
    public static async Task<ChainMonth> ReadAsync(AgreedChain chain, Month month, HashSet<WalletAccount> accounts, CancellationToken cancellationToken)
    {
        var final = (await chain.HeadAsync(cancellationToken)).Final;
        var first = await chain.FirstBlockAtAsync(month.Start, final, cancellationToken);
        var afterLast = await chain.FirstBlockAtAsync(month.End, final, cancellationToken);
        if (afterLast == 0)
        {
            throw new ChainFaultException(ChainFault.Lagging, $"{chain.Chain} began after the month");
        }

        var opening = first == 0 ? null : await chain.BlockAsync(first - 1, cancellationToken);
        var closing = await chain.BlockAsync(afterLast - 1, cancellationToken);
        var balances = new Dictionary<WalletAccount, (UInt128?, UInt128?)>();
        foreach (var account in accounts)
        {
            balances[account] = (opening is null ? 0 : await BalanceAsync(chain, account, opening, cancellationToken), await BalanceAsync(chain, account, closing, cancellationToken));
        }

        var logs = await LogsAsync(chain, accounts, first, closing, cancellationToken);
        return new ChainMonth(opening, closing, afterLast <= final.Number || final.Time >= month.End, balances, logs);
    }

    /// <summary>What happened to one account.</summary>
    public IReadOnlyList<WalletLog> LogsOf(WalletAccount account) => [.. Logs.Where(log => log.Asset == account.Asset && log.Wallet == account.Wallet)];

    // A node that keeps no old states knows no old balance. Two that differ are another matter.
    private static async Task<UInt128?> BalanceAsync(AgreedChain chain, WalletAccount account, BlockHeader block, CancellationToken cancellationToken)
    {
        try
        {
            return await chain.BalanceAsync(account.Asset, account.Wallet, block, cancellationToken);
        }
        catch (ChainFaultException fault) when (fault.Fault is ChainFault.Unreachable)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<WalletLog>> LogsAsync(AgreedChain chain, HashSet<WalletAccount> accounts, long first, BlockHeader closing, CancellationToken cancellationToken)
    {
        var (scan, logs) = (new LogScan(chain), new List<WalletLog>());
        scan.StartAt(first);
        while (first <= closing.Number && !scan.IsAt(closing))
        {
            try
            {
                logs.AddRange(await scan.NextAsync(accounts, closing, cancellationToken) ?? []);
            }
            catch (ChainFaultException fault) when (fault.Fault is ChainFault.Unreachable && scan.IsHalved)
            {
                // Asked again for a smaller range, until a single block is too much.
            }
        }

        return logs;
    }
}
