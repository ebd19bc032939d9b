using SmartProxy.Protocol;

namespace SmartProxy.Chain;

/// <summary>Why nothing that the nodes say may be acted on. The wire word of each is its snake_case form.</summary>
internal enum ChainFault
{
    /// <summary>A node does not answer, or its answer can't be used.</summary>
    Unreachable,

    /// <summary>A node serves another chain than the setting says.</summary>
    WrongChain,

    /// <summary>Two nodes say different things about the same block.</summary>
    Disagreement,

    /// <summary>The newest block is too old.</summary>
    Stale,

    /// <summary>One node is far behind another.</summary>
    Lagging,

    /// <summary>A block that was final is not there any more.</summary>
    Reorganized,
}

/// <summary>The nodes can't be believed right now: nothing is proven and nothing is released.</summary>
internal sealed class ChainFaultException(ChainFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public ChainFault Fault { get; } = fault;
}

/// <param name="Final">The newest block that is final for every node.</param>
/// <param name="Newest">The newest block of the node that is least far: its time can't be ahead of the chain's.</param>
internal sealed record ChainHead(BlockHeader Final, BlockHeader Newest);

/// <summary>
/// One chain as all configured nodes agree to see it. Every question goes to every node, and equal answers are the only ones: a node that lies,
/// lags or follows another branch proves nothing and frees nothing.
/// </summary>
/// <param name="chain">The chain that the nodes must serve.</param>
/// <param name="nodes">At least one.</param>
/// <param name="confirmations">Blocks on top that make a block final; null waits for the chain's own <c>finalized</c>.</param>
internal sealed class AgreedChain(ChainId chain, IReadOnlyList<EthRpc> nodes, int? confirmations)
{
    /// <summary>How far the newest blocks of two nodes may be apart.</summary>
    public static readonly TimeSpan MaxLag = TimeSpan.FromMinutes(5);

    public ChainId Chain => chain;

    /// <exception cref="ChainFaultException">A node fails, serves another chain, is far behind, or has another block at the common height.</exception>
    public async Task<ChainHead> HeadAsync(CancellationToken cancellationToken)
    {
        var heads = await AskAllAsync(node => HeadOfAsync(node, cancellationToken));
        if (heads.Max(head => head.Newest.Time) - heads.Min(head => head.Newest.Time) > MaxLag)
        {
            var (first, last) = (heads.MaxBy(head => head.Newest.Number)!.Newest, heads.MinBy(head => head.Newest.Number)!.Newest);
            throw new ChainFaultException(ChainFault.Lagging, $"one node of {chain} is at block {last.Number} of {last.Time:u} while another is at block {first.Number} of {first.Time:u}");
        }

        var final = await BlockAsync(heads.Min(head => head.Final.Number), cancellationToken);
        return new ChainHead(final, heads.MinBy(head => head.Newest.Time)!.Newest);
    }

    public Task<BlockHeader> BlockAsync(long number, CancellationToken cancellationToken) =>
        AgreeAsync(node => node.BlockAsync(number, cancellationToken), $"block {number}");

    public Task<bool> AuthorizationStateAsync(EvmAddress asset, EvmAddress wallet, Bytes32 nonce, BlockHeader block, CancellationToken cancellationToken) =>
        AgreeAsync(node => node.AuthorizationStateAsync(asset, wallet, nonce, block, cancellationToken), $"authorization {nonce} at block {block.Number}");

    public Task<UInt128> BalanceAsync(EvmAddress asset, EvmAddress wallet, BlockHeader block, CancellationToken cancellationToken) =>
        AgreeAsync(node => node.BalanceAsync(asset, wallet, block, cancellationToken), $"the balance of {wallet} at block {block.Number}");

    public async Task<IReadOnlyList<WalletLog>> LogsAsync(WalletLogs asked, CancellationToken cancellationToken)
    {
        var answers = await AskAllAsync(node => node.LogsAsync(asked, cancellationToken));
        return answers.All(answer => answer.SequenceEqual(answers[0])) ? answers[0] : throw Disagreement($"the events of blocks {asked.FromBlock} to {asked.ToBlock}");
    }

    /// <summary>The first block up to <paramref name="last"/> whose time is not before <paramref name="time"/>; the block after the last one when there is none.</summary>
    public async Task<long> FirstBlockAtAsync(DateTimeOffset time, BlockHeader last, CancellationToken cancellationToken)
    {
        var (low, high) = (0L, last.Number + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var block = middle == last.Number ? last : await BlockAsync(middle, cancellationToken);
            (low, high) = block.Time < time ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private async Task<ChainHead> HeadOfAsync(EthRpc node, CancellationToken cancellationToken)
    {
        if (await node.ChainIdAsync(cancellationToken) is var served && served != chain)
        {
            throw new ChainFaultException(ChainFault.WrongChain, $"{node.Name} serves {served}, and the setting says {chain}");
        }

        var newest = await node.LatestAsync(cancellationToken);
        var final = confirmations is { } depth
            ? await node.BlockAsync(Math.Max(0, newest.Number - depth), cancellationToken)
            : await node.FinalizedAsync(cancellationToken);
        return final.Number <= newest.Number && final.Time <= newest.Time
            ? new ChainHead(final, newest)
            : throw new ChainFaultException(ChainFault.Disagreement, $"{node.Name} says that block {final.Number} is final, and that the newest is block {newest.Number}");
    }

    private async Task<T> AgreeAsync<T>(Func<EthRpc, Task<T>> ask, string what)
        where T : notnull
    {
        var answers = await AskAllAsync(ask);
        return answers.All(answer => answer.Equals(answers[0])) ? answers[0] : throw Disagreement(what);
    }

    // Each is waited for, also when one fails: nothing runs on unobserved.
    private async Task<T[]> AskAllAsync<T>(Func<EthRpc, Task<T>> ask)
    {
        try
        {
            return await Task.WhenAll(nodes.Select(ask));
        }
        catch (EthRpcException e)
        {
            throw new ChainFaultException(ChainFault.Unreachable, e.Message, e);
        }
    }

    private ChainFaultException Disagreement(string what) =>
        new(ChainFault.Disagreement, $"the nodes of {chain} ({string.Join(", ", nodes.Select(node => node.Name))}) do not agree about {what}");
}
