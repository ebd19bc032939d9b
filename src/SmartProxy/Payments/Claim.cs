using SmartProxy.Ledger;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Wallet;

namespace SmartProxy.Payments;

/// <summary>What came of asking policy and ledger for one request.</summary>
internal abstract record Claim
{
    private Claim()
    {
    }

    /// <summary>The money is reserved, durably.</summary>
    public sealed record Made(Verdict.Allowed Verdict, IWallet Wallet, Reservation Reservation) : Claim;

    /// <summary>An earlier payment for the same logical request is in doubt: its identical bytes may be presented again.</summary>
    public sealed record Again(PresentedPayment Payment) : Claim;

    /// <param name="Refusal">The answer.</param>
    /// <param name="Figures">For the record.</param>
    /// <param name="Rule">The rule by its words.</param>
    /// <param name="PolicyHash">The policy that judged.</param>
    public sealed record Refused(Refusal Refusal, RefusalFigures? Figures = null, string Rule = "-", Bytes32? PolicyHash = null) : Claim
    {
        /// <summary>Which rule said what, the refusal last.</summary>
        public IReadOnlyList<TraceStep> Trace { get; init; } = [];

        /// <summary>What a person has to be asked; null where nobody is.</summary>
        public ApprovalAsk? Ask { get; private init; }

        /// <summary>Another offer of the same 402 may still have room, or need nobody's word.</summary>
        public bool TryNextOffer { get; private init; }

        /// <summary>What the candidate policy would have said.</summary>
        public ShadowSaying? Shadow { get; init; }

        /// <summary>Judged under a policy that is not in force any more.</summary>
        public bool PolicyChanged { get; private init; }

        public static Refused By(Verdict.Denied denied, Bytes32? policyHash) =>
            new(Refusals.Of(denied), PaymentFigures.Of(denied), denied.Rule, policyHash) { Trace = DecisionTrace.Of(denied) };

        /// <summary>Policy allowed it, and something else of ours stands in the way.</summary>
        public static Refused By(Verdict.Allowed verdict, Bytes32 policyHash, Refusal refusal) =>
            new(refusal, PaymentFigures.Of(verdict, null), verdict.Rule, policyHash) { Trace = DecisionTrace.Refused(verdict.Trace, "-", refusal.Reason) };

        /// <summary>Policy allowed it, and the books say no.</summary>
        public static Refused By(Verdict.Allowed verdict, Bytes32 policyHash, Refusal refusal, ReserveOutcome.Refused outcome, PaymentContext context)
        {
            var figures = PaymentFigures.Of(verdict, outcome.Line, outcome.PassesAt);
            var trace = DecisionTrace.Of(verdict, outcome);
            return new Refused(refusal, figures, outcome.Line?.Line.Id ?? outcome.Rule ?? outcome.Approval?.Rule ?? verdict.Rule, policyHash)
            {
                Trace = trace,
                Ask = outcome is { Reason: ReserveRefusal.ApprovalPending, Approval: { } question } && (outcome.MayAsk || question.Open is not null) ? new ApprovalAsk(question, context with { Trace = trace }, figures) : null,
                TryNextOffer = outcome.Reason is ReserveRefusal.BudgetExceeded or ReserveRefusal.CountExceeded or ReserveRefusal.RecipientChanged
                    or ReserveRefusal.PriceDrift or ReserveRefusal.ApprovalPending or ReserveRefusal.ApprovalDenied,
                PolicyChanged = outcome.Reason is ReserveRefusal.PolicyChanged,
            };
        }
    }
}
