using SmartProxy.AdminApi;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Hosting;

/// <summary>What people look up: questions and grants from the books in memory, policies of the past from the journal.</summary>
internal sealed class JournalBooks(LedgerHost ledger) : IOperatorBooks
{
    public ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken) => ledger.ApprovalsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken) => ledger.GrantsAsync(cancellationToken);

    public ValueTask<LedgerEvent.PolicyActivated?> FindPolicyAsync(Bytes32 hash, CancellationToken cancellationToken)
    {
        foreach (var line in ledger.ReadAfter(0))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (line.Entry is JournalEntry.Recorded { Event: LedgerEvent.PolicyActivated policy } && policy.Hash == hash)
            {
                return ValueTask.FromResult<LedgerEvent.PolicyActivated?>(policy);
            }
        }

        return ValueTask.FromResult<LedgerEvent.PolicyActivated?>(null);
    }
}
