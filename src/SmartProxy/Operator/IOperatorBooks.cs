using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Operator;

/// <summary>What people look up in the books beside payments. Never asked whether money may move.</summary>
internal interface IOperatorBooks
{
    /// <summary>Questions to people and their answers, newest first, at most <see cref="OperatorLists.MaxShown"/>.</summary>
    ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken);

    /// <summary>One question by its id, or null.</summary>
    ValueTask<ApprovalView?> FindApprovalAsync(PaymentId id, CancellationToken cancellationToken);

    /// <summary>Grants and what is left of them, newest first, at most <see cref="OperatorLists.MaxShown"/>.</summary>
    ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken);

    /// <summary>The policy that was in force under this hash, or null.</summary>
    ValueTask<LedgerEvent.PolicyActivated?> FindPolicyAsync(Bytes32 hash, CancellationToken cancellationToken);
}

/// <summary>Bounds of what is listed at once.</summary>
internal static class OperatorLists
{
    public const int MaxShown = 1000;
}

/// <summary>The books of a stopped system, opened by a command under the folder's lock and closed again at once.</summary>
internal interface IStoppedBooks : IAsyncDisposable
{
    IOperatorBooks Books { get; }

    /// <summary>Puts an event on record.</summary>
    ValueTask RecordAsync(LedgerEvent entry);

    /// <summary>A receipt by its id, as a compact JWS; null when there is none.</summary>
    ValueTask<string?> FindReceiptAsync(string id, CancellationToken cancellationToken);
}
