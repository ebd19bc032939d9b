using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>What people look up in the books beside payments. Never asked whether money may move.</summary>
internal interface IOperatorBooks
{
    /// <inheritdoc cref="ILedger.ApprovalsAsync"/>
    ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="ILedger.GrantsAsync"/>
    ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken);

    /// <summary>The policy that was in force under this hash, or null.</summary>
    ValueTask<LedgerEvent.PolicyActivated?> FindPolicyAsync(Bytes32 hash, CancellationToken cancellationToken);
}

/// <summary>Look-ups that every implementation shares.</summary>
internal static class OperatorBooks
{
    /// <summary>One question by its id, or null.</summary>
    public static async ValueTask<ApprovalView?> FindApprovalAsync(this IOperatorBooks books, PaymentId id, CancellationToken cancellationToken) =>
        (await books.ApprovalsAsync(cancellationToken)).FirstOrDefault(approval => approval.Id == id);
}

/// <summary>The books of a stopped system, opened by a command under the folder's lock and closed again at once.</summary>
internal interface IStoppedBooks : IAsyncDisposable
{
    IOperatorBooks Books { get; }

    /// <summary>Puts an event on record.</summary>
    ValueTask RecordAsync(LedgerEvent entry);

    /// <inheritdoc cref="ILedger.UsageAsync"/>
    ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken);

    /// <summary>A receipt by its id, as a compact JWS; null when there is none.</summary>
    ValueTask<string?> FindReceiptAsync(string id, CancellationToken cancellationToken);
}
