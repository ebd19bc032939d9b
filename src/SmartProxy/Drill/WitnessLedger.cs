using System.Collections.Concurrent;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Drill;

/// <summary>The books, with somebody who remembers what was asked of them.</summary>
internal sealed class WitnessLedger(ILedger ledger, ConcurrentDictionary<PaymentId, ReserveRequest> reserved) : ILedger
{
    public LedgerHealth Health => ledger.Health;

    public async ValueTask<ReserveOutcome> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken)
    {
        var outcome = await ledger.ReserveAsync(request, cancellationToken);
        if (outcome is ReserveOutcome.Reserved)
        {
            reserved[request.Id] = request;
        }

        return outcome;
    }

    public ValueTask RecordAsync(LedgerEvent entry) => ledger.RecordAsync(entry);

    public ValueTask<Reservation?> FindReservationAsync(PaymentId id, CancellationToken cancellationToken) => ledger.FindReservationAsync(id, cancellationToken);

    public ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken) => ledger.UsageAsync(lines, cancellationToken);

    public ValueTask<ReserveOutcome.Refused?> WouldRefuseAsync(ReserveRequest request, CancellationToken cancellationToken) => ledger.WouldRefuseAsync(request, cancellationToken);

    public ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken) => ledger.ApprovalsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken) => ledger.GrantsAsync(cancellationToken);

    public string? FrozenReason(AgentId agent) => ledger.FrozenReason(agent);
}
