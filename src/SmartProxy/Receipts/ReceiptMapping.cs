using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Receipts;

/// <summary>Journal lines as the facts of a receipt. Nothing else goes in, so a receipt says what the journal says.</summary>
internal static class ReceiptMapping
{
    /// <summary>The receipt of a refusal.</summary>
    public static ReceiptFacts Of(LedgerEvent.Refused refused, JournalLine line) => new()
    {
        Payment = refused.Decision,
        Outcome = ReceiptOutcome.Refused,
        Agent = refused.Agent,
        Context = refused.Context,
        TermsHash = refused.TermsHash,
        RequestDigest = refused.RequestDigest,
        PolicyHash = refused.PolicyHash,
        Reason = refused.Reason,
        Figures = refused.Figures,
        DecidedAt = line.At,
        FinishedAt = line.At,
        OutcomeLine = new LedgerLine(line.Sequence, line.Hash),
        Count = refused.Count,
    };

    /// <summary>The receipt of a payment; null when the line is no outcome.</summary>
    /// <param name="reserved">What was reserved.</param>
    /// <param name="reserveLine">Its line.</param>
    /// <param name="outcomeLine">The line that says what became of it.</param>
    /// <param name="earlier">What the receipt before it said; null for the first.</param>
    public static ReceiptFacts? Of(JournalEntry.Reserved reserved, JournalLine reserveLine, JournalLine outcomeLine, ReceiptFacts? earlier = null)
    {
        var facts = new ReceiptFacts
        {
            Payment = reserved.Id,
            Number = (earlier?.Number ?? 0) + 1,
            Outcome = ReceiptOutcome.InDoubt,
            Agent = reserved.Facts.Agent,
            Group = reserved.Facts.Group,
            Policy = reserved.Facts.Policy,
            Merchant = reserved.Facts.Merchant,
            Category = reserved.Facts.Category,
            Context = reserved.Context,
            TermsHash = reserved.TermsHash,
            RequestDigest = reserved.RequestDigest,
            PolicyHash = reserved.PolicyHash,
            Limits = [.. reserved.Lines.Select(line => new ReceiptLimit(line.Id, line.Limit, line.Spent, line.Held, line.Limit.Less(line.Spent.Plus(line.Held))))],
            Approval = reserved.Approval,
            Grants = reserved.Grants,
            Reserved = new ReservedTransfer(reserved.Authorization, reserved.Facts.Value, reserved.DecisionRecord),
            DecidedAt = reserveLine.At,
            FinishedAt = outcomeLine.At,
            ReserveLine = new LedgerLine(reserveLine.Sequence, reserveLine.Hash),
            OutcomeLine = new LedgerLine(outcomeLine.Sequence, outcomeLine.Hash),
        };
        var told = facts with { Status = earlier?.Status, Delivered = earlier?.Delivered, Claim = earlier?.Claim, ResponseDigest = earlier?.ResponseDigest, Undelivered = earlier?.Undelivered };
        return (outcomeLine.Entry as JournalEntry.Recorded)?.Event switch
        {
            LedgerEvent.InDoubt e when earlier is not null && !IsNews(e, earlier.Delivered) => null,
            LedgerEvent.Undelivered e when earlier is { Proof: null } => told with { Outcome = earlier.Outcome, Reason = earlier.Reason, Delivered = false, Undelivered = e.Why },
            LedgerEvent.Proven e => told with { Outcome = ReceiptOutcome.Paid, Proof = Of(e.Proof, used: true) },
            LedgerEvent.Expired e => told with { Outcome = ReceiptOutcome.Failed, Reason = e.Why, Proof = Of(e.Proof, used: false) },
            LedgerEvent.Voided => told with { Reason = "voided" },
            LedgerEvent.Settled e => facts with { Outcome = ReceiptOutcome.Paid, Status = e.Status, Delivered = e.Delivered, Claim = e.Claim, ResponseDigest = e.ResponseDigest },
            LedgerEvent.InDoubt e => facts with { Reason = e.Why, Status = e.Status, Delivered = e.Delivered, Claim = e.Claim },
            LedgerEvent.Aborted e => facts with { Outcome = ReceiptOutcome.Failed, Reason = e.Why },
            _ => null,
        };
    }

    /// <summary>Whether a payment in doubt that was presented again, and still is, has a new receipt: only when now something was delivered.</summary>
    public static bool IsNews(LedgerEvent.InDoubt again, bool? wasDelivered) => again.Delivered && wasDelivered is not true;

    private static SettlementProof Of(ChainProof proof, bool used) => new(used, proof.Block, proof.BlockHash, proof.BlockTime, proof.Transaction?.ToString());

    /// <summary>The payment or decision that a line is about, if any.</summary>
    public static PaymentId? SubjectOf(JournalEntry entry) => entry switch
    {
        JournalEntry.Reserved reserved => reserved.Id,
        JournalEntry.Recorded { Event: LedgerEvent.Settled e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.InDoubt e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.Undelivered e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.SellerSigned e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.Refunded e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.Aborted e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.Proven e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.Expired e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.Voided e } => e.Payment,
        JournalEntry.Recorded { Event: LedgerEvent.Refused e } => e.Decision,
        _ => null,
    };
}
