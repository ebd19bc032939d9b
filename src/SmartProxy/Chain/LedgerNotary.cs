using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Chain;

/// <summary>What the chain says about a journal.</summary>
/// <param name="Explained">Uses of our authorizations that a decision explains, with the whole journal before it unchanged.</param>
/// <param name="Problems">Everything that does not fit, in words; each names the payment it is about, where there is one.</param>
/// <param name="Unproven">Settlements that only the seller claims: the chain does not show them.</param>
internal sealed record NotaryReport(int Explained, IReadOnlyList<string> Problems, IReadOnlyList<string> Unproven);

/// <summary>
/// Compares a journal with the chain. Every authorization that the chain shows as used must be explained by a decision whose nonce commits to the
/// journal as it is now. Who rewrites a line and chains the rest anew, with whatever keys, changes the nonces of later decisions, and the chain
/// keeps the old ones.
/// </summary>
internal sealed class LedgerNotary
{
    /// <summary>Public nodes limit the range of one query.</summary>
    private const long BlocksPerQuery = 9_000;

    private readonly NotaryCheck _check = new();
    private readonly HashSet<(ChainId Chain, EvmAddress Asset, EvmAddress From)> _accounts = [];
    private readonly Dictionary<PaymentId, JournalEntry.Reserved> _reserved = [];
    private readonly Dictionary<PaymentId, JournalEntry.Reserved> _claimed = [];

    /// <summary>Takes in the next line of a journal whose own chain is good.</summary>
    public void Take(JournalLine line)
    {
        _check.Take(line);
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved:
                var terms = reserved.Authorization.Terms;
                _accounts.Add((terms.Chain, terms.Asset, terms.From));
                _reserved[reserved.Id] = reserved;
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Settled { Claim.Success: true } settled } when _reserved.TryGetValue(settled.Payment, out var reserved):
                _claimed[settled.Payment] = reserved;
                break;
        }
    }

    /// <summary>Asks the nodes, each for the chain that it serves.</summary>
    /// <exception cref="EthRpcException">A node failed, or answered something else.</exception>
    public async Task<NotaryReport> CompareAsync(IReadOnlyList<EthRpc> nodes, long fromBlock, CancellationToken cancellationToken)
    {
        var (explained, problems, unproven, asked) = (0, new List<string>(), new List<string>(), new HashSet<ChainId>());
        foreach (var node in nodes)
        {
            var chain = await node.ChainIdAsync(cancellationToken);
            asked.Add(chain);
            var uses = await UsesAsync(node, chain, fromBlock, cancellationToken);
            foreach (var finding in _check.Compare(uses))
            {
                switch (finding)
                {
                    case NotaryFinding.Explained:
                        explained++;
                        break;
                    case NotaryFinding.Rewritten rewritten:
                        problems.Add($"payment {rewritten.Payment} (line {rewritten.Sequence}) settled on {chain} at {rewritten.Used.BlockTime:u}, and {rewritten.Why}: the journal before it was rewritten");
                        break;
                    case NotaryFinding.Drift drift:
                        problems.Add($"{chain} shows at {drift.Used.BlockTime:u} a payment of {drift.Used.From} with nonce {drift.Used.Nonce} that no decision explains: the journal was rewritten or rolled back, or the key is used elsewhere");
                        break;
                }
            }

            // No problem by itself, for sellers lie; beside a use that nothing explains it tells which decision was replaced.
            var used = uses.Select(use => use.Nonce).ToHashSet();
            unproven.AddRange(_claimed
                .Where(claimed => claimed.Value.Authorization.Terms.Chain == chain && !used.Contains(claimed.Value.Authorization.Nonce))
                .Select(claimed => $"payment {claimed.Key} is said to be settled, and {chain} does not show its nonce {claimed.Value.Authorization.Nonce}"));
        }

        foreach (var chain in _accounts.Select(account => account.Chain).Distinct().Where(chain => !asked.Contains(chain)))
        {
            problems.Add($"payments on {chain} could not be compared: name a node of that chain with --rpc");
        }

        return new NotaryReport(explained, problems, unproven);
    }

    private async Task<List<UsedAuthorization>> UsesAsync(EthRpc node, ChainId chain, long fromBlock, CancellationToken cancellationToken)
    {
        var uses = new List<UsedAuthorization>();
        var last = await node.BlockNumberAsync(cancellationToken);
        foreach (var (_, asset, from) in _accounts.Where(account => account.Chain == chain))
        {
            for (var first = fromBlock; first <= last; first += BlocksPerQuery)
            {
                uses.AddRange(await node.AuthorizationsUsedAsync(chain, asset, from, first, Math.Min(last, first + BlocksPerQuery - 1), cancellationToken));
            }
        }

        return uses;
    }
}
