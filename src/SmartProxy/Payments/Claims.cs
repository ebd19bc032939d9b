using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;
using SmartProxy.Wallet;

namespace SmartProxy.Payments;

/// <summary>
/// Steps (3) and (4) of the exchange: judge every offer under one policy, then reserve the cheapest that has room, durably. All limits or none.
/// </summary>
internal sealed class Claims(IPolicyView policies, ILedger ledger, Wallets wallets, QueryDigester queries, PresentedPayments presented, IRandomSource random, TimeProvider time, ShadowPolicy? shadow = null)
{
    // A policy that changes between judging and reserving is evaluated again; one that changes this often is not in force.
    private const int EvaluationLimit = 5;
    private static readonly TimeSpan PolicySwap = TimeSpan.FromMilliseconds(5);

    /// <summary>The id for the extension <c>payment-identifier</c>.</summary>
    public static string IdentifierOf(PaymentId id) => "pay_" + id.Value;

    /// <summary>The cheapest allowed offer that has room, reserved; or why there is none.</summary>
    public async ValueTask<Claim> ClaimAsync(IUpstreamCall call, Challenge challenge, PaymentRequest request)
    {
        for (var evaluation = 0; evaluation < EvaluationLimit; evaluation++)
        {
            var questions = Questions(call, challenge, request);
            var (policyHash, verdicts) = policies.Judge(questions);
            var saying = shadow is null ? null : await shadow.SayAsync(questions, PrepareFor, ledger);
            var allowed = InOrder(verdicts);
            if (allowed.Count == 0 || policyHash is null)
            {
                // The reason that comes last in the order of precedence is the one closest to a payment.
                return Claim.Refused.By(verdicts.OfType<Verdict.Denied>().MaxBy(denied => denied.Reason)!, policyHash) with { Shadow = saying };
            }

            var claim = await ClaimFirstAsync(call, challenge, request, allowed, policyHash.Value, saying);
            if (claim is not Claim.Refused { PolicyChanged: true })
            {
                return claim is Claim.Refused refused ? refused with { Shadow = saying } : claim;
            }

            // The new policy is on record and comes into force at once.
            await Task.Delay(PolicySwap, time);
        }

        return new Claim.Refused(Refusals.Of(new ReserveOutcome.Refused(ReserveRefusal.PolicyChanged), null));

        (ReserveRequest?, Claim.Refused?) PrepareFor(Verdict.Allowed verdict, Bytes32 policyHash)
        {
            var (_, reserve, problem) = Prepare(call, challenge, request, verdict, policyHash);
            return (reserve, problem);
        }
    }

    /// <summary>Every offer under one policy, as it is in force right now.</summary>
    public (Bytes32? PolicyHash, IReadOnlyList<Verdict> Verdicts) Judge(IUpstreamCall call, Challenge challenge, PaymentRequest request) =>
        policies.Judge(Questions(call, challenge, request));

    /// <summary>The allowed offers in the order in which they are tried: the cheapest first.</summary>
    public static List<Verdict.Allowed> InOrder(IReadOnlyList<Verdict> verdicts) =>
        [.. verdicts.OfType<Verdict.Allowed>().OrderBy(verdict => verdict.Facts.Value).ThenBy(verdict => verdict.Offer.IsUpfront).ThenBy(verdict => verdict.Offer.Index)];

    /// <summary>What would be reserved for an allowed offer, and signed by which wallet; or why it can't be.</summary>
    public (IWallet Wallet, ReserveRequest Request, Claim.Refused? Refused) Prepare(
        IUpstreamCall call, Challenge challenge, PaymentRequest request, Verdict.Allowed verdict, Bytes32 policyHash)
    {
        var offer = verdict.Offer;
        if (wallets.Find(verdict.Wallet) is not { } wallet)
        {
            return No(Refusals.WalletNotFound(verdict.Wallet));
        }

        var now = time.GetUtcNow();
        var seconds = Math.Min(offer.MaxTimeoutSeconds, verdict.ValidSeconds);
        if (seconds < ReservationSigner.MinSecondsLeft)
        {
            return No(Refusals.ValidityTooShort(seconds));
        }

        var terms = new TransferTerms(
            offer.Network, verdict.Asset.Address, verdict.Asset.DomainName, verdict.Asset.DomainVersion, wallet.Address, offer.PayTo, verdict.Amount,
            ValidAfter: offer.Version == 1 ? now.ToUnixTimeSeconds() - 600 : 0,
            ValidBefore: now.ToUnixTimeSeconds() + seconds);
        if (wallet.Objection(terms) is { } objection)
        {
            return No(Refusals.SignerRefused(objection.Reason, objection.Detail));
        }

        var id = NewPaymentId(now);
        if (X402Writer.TryWrite(challenge, offer, new TransferAuthorization(terms, default), X402Writer.PlaceholderSignature, IdentifierOf(id)) is PaymentHeader.TooLarge)
        {
            return No(Refusals.PaymentHeaderTooLarge());
        }

        var reserve = new ReserveRequest
        {
            Id = id,
            PolicyHash = policyHash,
            Facts = verdict.Facts,
            Lines = verdict.Lines,
            Terms = terms,
            Secret = NewSecret(),
            TermsHash = challenge.TermsHash,
            RequestDigest = request.Digest,
            LogicalRequest = request.Logical,
            HasIdempotencyKey = request.HasIdempotencyKey,
            IsSafeMethod = request.IsSafeMethod,
            PinsRecipient = verdict.Recipient is RecipientRule.Pin,
            Guards = verdict.Guards,
            Context = PaymentContexts.Of(call, queries, verdict),
        };
        return (wallet, reserve, null);

        (IWallet, ReserveRequest, Claim.Refused) No(Refusal refusal) => (null!, null!, Claim.Refused.By(verdict, policyHash, refusal));
    }

    /// <summary>A refusal of the books, as it is answered and recorded.</summary>
    public Claim.Refused Explain(IUpstreamCall call, ReserveOutcome.Refused refused, Verdict.Allowed verdict, ReserveRequest request)
    {
        var answer = refused.Reason switch
        {
            ReserveRefusal.Frozen when ledger.FrozenReason(call.Identity.Agent) is { } why => Refusals.Frozen(why),
            ReserveRefusal.LedgerUnavailable when ledger.Health.Trouble is { } trouble => Refusals.LedgerUnavailable(trouble),
            _ => Refusals.Of(refused, verdict),
        };
        return Claim.Refused.By(verdict, request.PolicyHash, answer, refused, request.Context);
    }

    private List<PaymentQuestion> Questions(IUpstreamCall call, Challenge challenge, PaymentRequest request)
    {
        var now = time.GetUtcNow();
        return [.. challenge.Offers.Select(offer =>
            new PaymentQuestion(call.Identity.Agent, call.Method, call.IsUpgrade, call.Origin, offer, request.MaxPrice) { Path = PaymentContexts.PathOf(call), At = now })];
    }

    // An offer that needs nobody's word comes before one that does; otherwise the reason of the cheapest stands.
    private async ValueTask<Claim> ClaimFirstAsync(IUpstreamCall call, Challenge challenge, PaymentRequest request, List<Verdict.Allowed> allowed, Bytes32 policyHash, ShadowSaying? saying)
    {
        Claim.Refused? standing = null;
        foreach (var verdict in allowed)
        {
            var claim = await ReserveAsync(call, challenge, request, verdict, policyHash, saying);
            if (claim is not Claim.Refused { TryNextOffer: true } refused)
            {
                return claim;
            }

            standing = standing is null || (standing.Ask is null && refused.Ask is not null) ? refused : standing;
        }

        return standing!;
    }

    private async ValueTask<Claim> ReserveAsync(IUpstreamCall call, Challenge challenge, PaymentRequest request, Verdict.Allowed verdict, Bytes32 policyHash, ShadowSaying? saying)
    {
        var (wallet, reserve, problem) = Prepare(call, challenge, request, verdict, policyHash);
        if (problem is not null)
        {
            return problem;
        }

        reserve = reserve with { Context = reserve.Context with { Shadow = saying } };
        return await ledger.ReserveAsync(reserve, CancellationToken.None) switch
        {
            ReserveOutcome.Reserved reserved => new Claim.Made(verdict, wallet, reserved.Reservation),
            ReserveOutcome.Refused { Reason: ReserveRefusal.PaymentInDoubt, Earlier: { } earlier } when presented.Find(earlier) is { } payment && ledger.FrozenReason(call.Identity.Agent) is null =>
                new Claim.Again(payment),
            ReserveOutcome.Refused refused => Explain(call, refused, verdict, reserve),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private PaymentId NewPaymentId(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[10];
        random.Fill(bytes);
        return PaymentId.Create(now, bytes);
    }

    private Bytes32 NewSecret()
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        random.Fill(bytes);
        return new Bytes32(bytes);
    }
}
