namespace SmartProxy.Chain;

/// <summary>Reads the events of our wallets block range by block range, so much in one sweep, and smaller ranges when a node finds one too large.</summary>
internal sealed class LogScan(AgreedChain chain)
{
    /// <summary>Public nodes limit the range of one query.</summary>
    public const long MaxBlocks = 2_000;

    /// <summary>The most ranges of one sweep.</summary>
    public const int MaxRanges = 50;

    private long _next;
    private long _span = MaxBlocks;
    private int _ranges;

    /// <summary>The last block that was read; null before the first.</summary>
    public BlockHeader? Last { get; private set; }

    /// <summary>Whether the last reading failed and the next one asks for less.</summary>
    public bool IsHalved { get; private set; }

    public bool IsAt(BlockHeader final) => Last == final;

    public void StartAt(long block) => _next = block;

    public void Forget() => Last = null;

    /// <summary>The events of the next range; null when the final block is reached, or enough was read for this time.</summary>
    public async Task<IReadOnlyList<WalletLog>?> NextAsync(HashSet<WalletAccount> accounts, BlockHeader final, CancellationToken cancellationToken)
    {
        if (_next > final.Number || _ranges >= MaxRanges)
        {
            _ranges = 0;
            Last ??= _next > final.Number ? final : null;
            return null;
        }

        IsHalved = false;
        var to = Math.Min(final.Number, _next + _span - 1);
        try
        {
            var logs = await ReadAsync(accounts, to, cancellationToken);
            Last = to == final.Number ? final : await chain.BlockAsync(to, cancellationToken);
            (_next, _ranges, _span) = (to + 1, _ranges + 1, Math.Min(MaxBlocks, _span * 2));
            return logs;
        }
        catch (ChainFaultException fault) when (fault.Fault is ChainFault.Unreachable && to > _next)
        {
            (_span, IsHalved) = (Math.Max(1, (to - _next + 1) / 2), true);
            throw;
        }
    }

    // Two questions: a filter names the place of the wallet among the arguments, and "either" can't be said.
    private async Task<IReadOnlyList<WalletLog>> ReadAsync(HashSet<WalletAccount> accounts, long to, CancellationToken cancellationToken)
    {
        if (accounts.Count == 0)
        {
            return [];
        }

        var asked = new WalletLogs([.. accounts.Select(account => account.Asset).Distinct()], [.. accounts.Select(account => account.Wallet).Distinct()], _next, to);
        var left = await chain.LogsAsync(asked, cancellationToken);
        var cameIn = await chain.LogsAsync(asked.Incoming(), cancellationToken);
        return cameIn.Count == 0 ? left : [.. left.Concat(cameIn).OrderBy(log => log.Block).ThenBy(log => log.Index)];
    }
}
