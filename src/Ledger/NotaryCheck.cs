using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>A use of an authorization that the chain shows: EIP-3009 <c>AuthorizationUsed</c> of one of our wallets.</summary>
public sealed record UsedAuthorization(ChainId Chain, EvmAddress Asset, EvmAddress From, Bytes32 Nonce, DateTimeOffset BlockTime);

public abstract record NotaryFinding
{
    private NotaryFinding()
    {
    }

    public abstract UsedAuthorization Used { get; init; }

    /// <summary>A decision explains it, and nothing before that decision was rewritten.</summary>
    public sealed record Explained(UsedAuthorization Used, PaymentId Payment, long Sequence) : NotaryFinding;

    /// <summary>No decision of this journal explains it: a key is used elsewhere, or the journal was rolled back.</summary>
    public sealed record Drift(UsedAuthorization Used) : NotaryFinding;

    /// <summary>The decision is there, but it does not commit to the journal as it is.</summary>
    public sealed record Rewritten(UsedAuthorization Used, PaymentId Payment, long Sequence, string Why) : NotaryFinding;
}

/// <summary>
/// The chain as our notary: compares what it shows with what the journal says. A nonce commits to its decision record, the record to the
/// head of the journal at that time, so a used nonce vouches for every line before it.
/// </summary>
public sealed class NotaryCheck
{
    private readonly CommitmentCheck _commitments = new();
    private readonly Dictionary<(ChainId, EvmAddress, EvmAddress, Bytes32), (PaymentId Payment, long Sequence, string? Problem)> _decisions = [];

    /// <summary>Takes in the next line of a journal whose chain is good. Gives what is wrong with its commitment, or null.</summary>
    public string? Take(JournalLine line)
    {
        var problem = _commitments.Take(line, CommitmentCheck.CommitmentOf(line));
        if (line.Entry is not JournalEntry.Reserved { Id: var payment, Authorization: { Terms: var terms, Nonce: var nonce } })
        {
            return null;
        }

        _decisions.TryAdd((terms.Chain, terms.Asset, terms.From, nonce), (payment, line.Sequence, problem));
        return problem is null ? null : $"payment {payment}: {problem}";
    }

    /// <summary>What the journal has to say to each use, in the same order.</summary>
    public IReadOnlyList<NotaryFinding> Compare(IEnumerable<UsedAuthorization> uses) => [.. uses.Select(Compare)];

    private NotaryFinding Compare(UsedAuthorization used) =>
        !_decisions.TryGetValue((used.Chain, used.Asset, used.From, used.Nonce), out var decision) ? new NotaryFinding.Drift(used)
        : decision.Problem is { } problem ? new NotaryFinding.Rewritten(used, decision.Payment, decision.Sequence, problem)
        : new NotaryFinding.Explained(used, decision.Payment, decision.Sequence);
}
