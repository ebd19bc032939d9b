using System.Runtime.CompilerServices;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>
/// What one candidate says: its verdicts, and whether its guards and limits have room. The books are only asked, in read-only questions.
/// </summary>
internal sealed class ShadowVerdicts(Bytes32 hash, Func<PaymentQuestion, Verdict> judge)
{
    private readonly string _prefix = $"shadow {hash} ";
    private readonly ConditionalWeakTable<SpendScope, SpendScope> _scopes = [];

    public Bytes32 Hash { get; } = hash;

    /// <summary>The saying that a decision would have ended with: the cheapest allowed offer that has room, or the refusal closest to a payment.</summary>
    /// <param name="questions">The offers of one 402.</param>
    /// <param name="prepare">What would be reserved for an allowed offer, or why it can't be.</param>
    /// <param name="ledger">The books.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<ShadowSaying> SayAsync(IReadOnlyList<PaymentQuestion> questions, ShadowPrepare prepare, ILedger ledger, CancellationToken cancellationToken)
    {
        var verdicts = questions.Select(judge).ToList();
        ShadowSaying? refused = null;
        foreach (var verdict in Claims.InOrder(verdicts))
        {
            var said = prepare(verdict, Hash) switch
            {
                (_, { } problem) => No(problem.Refusal.Reason, verdict.Rule),
                (var request, null) => Say(verdict, await ledger.WouldRefuseAsync(Apart(request!), cancellationToken)),
            };
            if (said.Allowed)
            {
                return said;
            }

            refused ??= said;
        }

        return refused ?? No(verdicts.OfType<Verdict.Denied>().MaxBy(denied => denied.Reason)!);
    }

    private ShadowSaying Say(Verdict.Allowed verdict, ReserveOutcome.Refused? refused) => refused is null
        ? new ShadowSaying(Hash, Allowed: true, Reason: null, verdict.Rule)
        : No(Words.Of(refused.Reason), refused.Line?.Line.Id ?? refused.Rule ?? refused.Approval?.Rule ?? verdict.Rule);

    private ShadowSaying No(Verdict.Denied denied) => No(Words.Of(denied.Reason), denied.Rule);

    private ShadowSaying No(string reason, string rule) => new(Hash, Allowed: false, reason, rule);

    // INVARIANT: the books know a sum by the key of its scope, and a key means something under one policy only. The candidate's sums get keys of their own.
    private ReserveRequest Apart(ReserveRequest request) => request with
    {
        Lines = [.. request.Lines.Select(line => line with { Scope = Apart(line.Scope) })],
        Guards = request.Guards.Breaker is { } breaker ? request.Guards with { Breaker = breaker with { Scope = Apart(breaker.Scope) } } : request.Guards,
    };

    private SpendScope Apart(SpendScope scope) => _scopes.GetValue(scope, own => new SpendScope(_prefix + own.Key, own.Matches) { Agent = own.Agent });
}

/// <summary>What would be reserved for an offer that a candidate allows, or why it can't be.</summary>
internal delegate (ReserveRequest? Request, Claim.Refused? Problem) ShadowPrepare(Verdict.Allowed verdict, Bytes32 policyHash);
