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
internal sealed class Claims(IPolicyView policies, ILedger ledger, Wallets wallets, QueryDigester queries, PresentedPayments presented, IRandomSource random, TimeProvider time)
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
            var now = time.GetUtcNow();
            var questions = challenge.Offers
                .Select(offer => new PaymentQuestion(call.Identity.Agent, call.Method, call.IsUpgrade, call.Origin, offer, request.MaxPrice) { Path = PaymentContexts.PathOf(call), At = now })
                .ToList();
            var (policyHash, verdicts) = policies.Judge(questions);
            var allowed = verdicts.OfType<Verdict.Allowed>()
                .OrderBy(verdict => verdict.Facts.Value).ThenBy(verdict => verdict.Offer.IsUpfront).ThenBy(verdict => verdict.Offer.Index)
                .ToList();
            if (allowed.Count == 0 || policyHash is null)
            {
                // The reason that comes last in the order of precedence is the one closest to a payment.
                return Claim.Refused.By(verdicts.OfType<Verdict.Denied>().MaxBy(denied => denied.Reason)!, policyHash);
            }

            Claim? refused = null;
            foreach (var verdict in allowed)
            {
                var claim = await ReserveAsync(call, challenge, request, verdict, policyHash.Value);
                if (claim is not Claim.Refused { TryNextOffer: true })
                {
                    refused = claim;
                    break;
                }

                refused ??= claim;
            }

            if (refused is not Claim.Refused { PolicyChanged: true })
            {
                return refused!;
            }

            // The new policy is on record and comes into force at once.
            await Task.Delay(PolicySwap, time);
        }

        return new Claim.Refused(Refusals.Of(new ReserveOutcome.Refused(ReserveRefusal.PolicyChanged), null));
    }

    private async ValueTask<Claim> ReserveAsync(IUpstreamCall call, Challenge challenge, PaymentRequest request, Verdict.Allowed verdict, Bytes32 policyHash)
    {
        var offer = verdict.Offer;
        if (wallets.Find(verdict.Wallet) is not { } wallet)
        {
            return Claim.Refused.By(verdict, policyHash, Refusals.WalletNotFound(verdict.Wallet));
        }

        var now = time.GetUtcNow();
        var seconds = Math.Min(offer.MaxTimeoutSeconds, verdict.ValidSeconds);
        if (seconds < ReservationSigner.MinSecondsLeft)
        {
            return Claim.Refused.By(verdict, policyHash, Refusals.ValidityTooShort(seconds));
        }

        var terms = new TransferTerms(
            offer.Network, verdict.Asset.Address, verdict.Asset.DomainName, verdict.Asset.DomainVersion, wallet.Address, offer.PayTo, verdict.Amount,
            ValidAfter: offer.Version == 1 ? now.ToUnixTimeSeconds() - 600 : 0,
            ValidBefore: now.ToUnixTimeSeconds() + seconds);
        if (wallet.Objection(terms) is { } objection)
        {
            return Claim.Refused.By(verdict, policyHash, Refusals.SignerRefused(objection.Reason, objection.Detail));
        }

        var id = NewPaymentId(now);
        if (X402Writer.TryWrite(challenge, offer, new TransferAuthorization(terms, default), X402Writer.PlaceholderSignature, IdentifierOf(id)) is PaymentHeader.TooLarge)
        {
            return Claim.Refused.By(verdict, policyHash, Refusals.PaymentHeaderTooLarge());
        }

        var outcome = await ledger.ReserveAsync(
            new ReserveRequest
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
            },
            CancellationToken.None);
        return outcome switch
        {
            ReserveOutcome.Reserved reserved => new Claim.Made(verdict, wallet, reserved.Reservation),
            ReserveOutcome.Refused { Reason: ReserveRefusal.PaymentInDoubt, Earlier: { } earlier } when presented.Find(earlier) is { } payment && ledger.FrozenReason(call.Identity.Agent) is null =>
                new Claim.Again(payment),
            ReserveOutcome.Refused refused => Claim.Refused.By(verdict, policyHash, Explain(call, refused, verdict), refused),
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

    private Refusal Explain(IUpstreamCall call, ReserveOutcome.Refused refused, Verdict.Allowed verdict) => refused.Reason switch
    {
        ReserveRefusal.Frozen when ledger.FrozenReason(call.Identity.Agent) is { } why => Refusals.Frozen(why),
        ReserveRefusal.LedgerUnavailable when ledger.Health.Trouble is { } trouble => Refusals.LedgerUnavailable(trouble),
        _ => Refusals.Of(refused, verdict),
    };
}
