using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Accounting.Evidence;

/// <summary>What an evidence file is about.</summary>
internal abstract record EvidenceScope
{
    private EvidenceScope()
    {
    }

    /// <summary>A month: every decision that was made, or whose outcome became known, within it.</summary>
    public sealed record OfMonth(Month Month) : EvidenceScope;

    /// <summary>One payment, or one refusal.</summary>
    public sealed record OfPayment(PaymentId Payment) : EvidenceScope;

    /// <summary>Whether a decision with these receipts belongs to it.</summary>
    public bool Holds(IReadOnlyList<ReceiptFacts> receipts) => this switch
    {
        OfMonth { Month: var month } => month.Contains(receipts[0].DecidedAt) || receipts.Any(facts => month.Contains(facts.FinishedAt) || (facts.Proof is { } proof && month.Contains(proof.BlockTime))),
        OfPayment { Payment: var payment } => receipts[0].Payment == payment,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>Whether a decision that was closed by then can be forgotten.</summary>
    public bool IsPast(ReceiptFacts last) => this switch
    {
        OfMonth { Month: var month } => last.IsLast && last.FinishedAt < month.Start,
        OfPayment { Payment: var payment } => last.Payment != payment,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
