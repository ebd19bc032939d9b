using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The books: what is spent, and what is promised. One writer decides; a reservation is answered only when it is durable.
/// </summary>
public interface ILedger
{
    /// <summary>
    /// Claims budgets, pin, idempotency key, duplicate mark and nonce in one durable step: all or none, under the active policy hash.
    /// When this returns <see cref="ReserveOutcome.Reserved"/>, the complete authorization is on disk.
    /// </summary>
    ValueTask<ReserveOutcome> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Records what became of a payment, a refusal, a freeze or a policy activation. The task ends when the entry is durable; callers on
    /// the request path need not wait for it. Fails with <see cref="LedgerUnavailableException"/> when the ledger can't be trusted.
    /// </summary>
    ValueTask RecordAsync(LedgerEvent entry);

    /// <summary>The reservation as it was recorded, for the signer; null when there is none or its outcome is already known.</summary>
    ValueTask<Reservation?> FindReservationAsync(PaymentId id, CancellationToken cancellationToken);

    /// <summary>Spent, held and remaining for each line, now.</summary>
    ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken);

    /// <summary>What a policy that is not in force would be told, see <see cref="BudgetLedger.WouldRefuse"/>; null when there would be room.</summary>
    ValueTask<ReserveOutcome.Refused?> WouldRefuseAsync(ReserveRequest request, CancellationToken cancellationToken);

    /// <summary>The open questions to people, oldest first, then the latest closed ones; at most <see cref="BudgetLedger.MaxListed"/>.</summary>
    ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken);

    /// <summary>The grants in force, the first to end first, then the latest ended ones; at most <see cref="BudgetLedger.MaxListed"/>.</summary>
    ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken);

    /// <summary>Where the books stand.</summary>
    LedgerHealth Health { get; }

    /// <summary>Whether payments of this agent are stopped right now; read again immediately before signing. The reason, or null.</summary>
    string? FrozenReason(AgentId agent);
}

/// <summary>The ledger can't be trusted: nothing may be signed. The message says what to do.</summary>
public sealed class LedgerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <param name="Head">SHA-256 of the last durable line.</param>
/// <param name="Sequence">Its number, from 1; 0 when empty.</param>
/// <param name="PolicyHash">The policy in force, if any.</param>
/// <param name="Trouble">Why nothing may be signed, or null.</param>
public sealed record LedgerHealth(Bytes32 Head, long Sequence, Bytes32? PolicyHash, string? Trouble);

/// <param name="Line">The limit.</param>
/// <param name="Spent">Settled (claimed or proven) within the window.</param>
/// <param name="Held">Reserved, sent or in doubt: signed or about to be, and not known to be dead.</param>
/// <param name="ResetsAt">When the calendar window ends; null for rolling and total.</param>
public sealed record LineUsage(BudgetLine Line, Quantity Spent, Quantity Held, DateTimeOffset? ResetsAt)
{
    public Quantity Remaining => Line.Limit.Less(Spent.Plus(Held));
}
