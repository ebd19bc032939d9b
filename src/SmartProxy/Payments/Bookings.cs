using System.Diagnostics;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Payments;

/// <summary>Turns what an answer proves into what the ledger books. The seller's words stay claims.</summary>
internal static class Bookings
{
    /// <param name="id">The payment.</param>
    /// <param name="status">Status of the answer.</param>
    /// <param name="outcome">What it says about the money.</param>
    /// <param name="isAsPromised">Whether its head is that of what was promised.</param>
    public static LedgerEvent Of(PaymentId id, int status, SettlementOutcome outcome, bool isAsPromised = true) => outcome switch
    {
        SettlementOutcome.Settled settled => new LedgerEvent.Settled(id, Of(settled.Claim), status, settled.Delivered && isAsPromised),
        SettlementOutcome.InDoubt doubt => new LedgerEvent.InDoubt(id, doubt.Why, status, doubt.Delivered && isAsPromised, doubt.Claim is null ? null : Of(doubt.Claim)),
        _ => throw new UnreachableException(),
    };

    private static SettlementClaim Of(SettlementReading.Claim claim) =>
        new(claim.Success, claim.Transaction, claim.Network, claim.Payer, claim.Amount, claim.ErrorReason);
}
