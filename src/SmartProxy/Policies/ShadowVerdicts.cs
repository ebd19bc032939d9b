using System.Runtime.CompilerServices;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>
/// What one candidate says: its verdicts, and whether its limits have room. The books are only asked, in read-only questions. Guards that need the
/// memory of the books (drift, loop, breaker, first recipient, pins) are left out; <c>policy simulate</c> has them.
/// </summary>
internal sealed class ShadowVerdicts(Bytes32 hash, Func<PaymentQuestion, Verdict> judge)
{
    private readonly string _prefix = $"shadow {hash} ";
    private readonly ConditionalWeakTable<BudgetLine, BudgetLine> _lines = [];

    public Bytes32 Hash { get; } = hash;

    /// <summary>The saying that a decision would have ended with: the cheapest allowed offer that has room, or the refusal closest to a payment.</summary>
    public async ValueTask<ShadowSaying> SayAsync(IReadOnlyList<PaymentQuestion> questions, ILedger ledger, CancellationToken cancellationToken)
    {
        var verdicts = questions.Select(judge).ToList();
        ShadowSaying? refused = null;
        foreach (var verdict in verdicts.OfType<Verdict.Allowed>().OrderBy(allowed => allowed.Facts.Value).ThenBy(allowed => allowed.Offer.IsUpfront).ThenBy(allowed => allowed.Offer.Index))
        {
            var said = await SayAsync(verdict, ledger, cancellationToken);
            if (said.Allowed)
            {
                return said;
            }

            refused ??= said;
        }

        return refused ?? Say(verdicts.OfType<Verdict.Denied>().MaxBy(denied => denied.Reason)!);
    }

    private async ValueTask<ShadowSaying> SayAsync(Verdict.Allowed verdict, ILedger ledger, CancellationToken cancellationToken)
    {
        var lines = verdict.Lines.Where(line => line.Limit.Measure is not SpendMeasure.Recipients).Select(line => _lines.GetValue(line, Apart)).ToList();
        var full = lines.Count == 0 ? null : (await ledger.UsageAsync(lines, cancellationToken)).FirstOrDefault(usage => usage.Remaining.Units < Need(usage.Line, verdict));
        return full is null
            ? verdict.Guards.Approval is { IsAbove: true } approval
                ? new ShadowSaying(Hash, Allowed: false, Words.Of(ReserveRefusal.ApprovalPending), approval.Rule)
                : new ShadowSaying(Hash, Allowed: true, Reason: null, verdict.Rule)
            : new ShadowSaying(Hash, Allowed: false, Words.Of(full.Line.Limit.Measure is SpendMeasure.Dollars ? ReserveRefusal.BudgetExceeded : ReserveRefusal.CountExceeded), full.Line.Id);
    }

    private ShadowSaying Say(Verdict.Denied denied) => new(Hash, Allowed: false, Words.Of(denied.Reason), denied.Rule);

    private static UInt128 Need(BudgetLine line, Verdict.Allowed verdict) => line.Limit.Measure is SpendMeasure.Dollars ? verdict.Facts.Value.Micros : UInt128.One;

    // INVARIANT: the books know a sum by the key of its scope, and a key means something under one policy only. The candidate's sums get keys of their own.
    private BudgetLine Apart(BudgetLine line) => line with { Scope = new SpendScope(_prefix + line.Scope.Key, line.Scope.Matches) { Agent = line.Scope.Agent } };
}
