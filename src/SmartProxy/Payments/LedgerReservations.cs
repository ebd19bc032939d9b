using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Wallet;

namespace SmartProxy.Payments;

/// <summary>Lets the wallet read what was reserved, and nothing else of the ledger.</summary>
internal sealed class LedgerReservations(ILedger ledger) : IReservedAuthorizations
{
    public async ValueTask<(TransferAuthorization Authorization, Usd Value)?> FindAsync(PaymentId id, CancellationToken cancellationToken) =>
        await ledger.FindReservationAsync(id, cancellationToken) is { } reservation ? (reservation.Authorization, reservation.Value) : null;
}
