using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;
using SmartProxy.Receipts;
using SmartProxy.Wallet;

namespace SmartProxy.Payments;

/// <summary>
/// The 402 exchange, in its order: (1) read the terms, (2) pin down the request, (3) judge, (4) reserve, durable, or ask a person first, (5) sign the reserved record,
/// (6) send the same request once with the payment, (7) book what the answer says. Until (5) every way out leaves nothing behind; from there
/// on the money is held until the chain proves it free.
/// </summary>
internal sealed partial class PaymentFlow(
    Claims claims,
    ApprovalDesk approvals,
    QuoteDesk quotes,
    ILedger ledger,
    PolicyNetworks networks,
    RefusalDesk refusals,
    PresentedPayments presented,
    SellerPapers papers,
    Metrics metrics,
    ILogger<PaymentFlow> logger) : IPaymentFlow
{
    public async ValueTask RunAsync(IUpstreamCall call)
    {
        // (1) Terms are read once; what is signed is built from this object.
        metrics.Challenge();
        var challenge = Read(call);
        if (challenge.Class is not ChallengeClass.Payable)
        {
            LogNotPayable(call.Identity.Agent, call.Origin, challenge.Class, challenge.Reason);
            await call.PassChallengeOnAsync(Describe(challenge));
            return;
        }

        if (PaymentRequest.WantsQuote(call))
        {
            await quotes.AnswerAsync(call, challenge);
            return;
        }

        // (2) Nothing is reserved for a request that can't be sent again byte for byte.
        var body = await call.DigestBodyAsync(CancellationToken.None);
        if (body is null)
        {
            await refusals.RefuseAsync(call, challenge, new Claim.Refused(Refusals.BodyNotReplayable()));
            return;
        }

        var request = PaymentRequest.From(call, body.Value);
        var claim = await approvals.ClaimAsync(call, () => claims.ClaimAsync(call, challenge, request));
        switch (claim)
        {
            case Claim.Refused refused:
                await refusals.RefuseAsync(call, challenge, refused, request.Digest);
                return;
            case Claim.Again again:
                await PresentAsync(call, again.Payment, mayRepeat: false);
                return;
            case Claim.Made made:
                await PayAsync(call, challenge, made);
                return;
        }
    }

    /// <summary>(5): the signer is called with the reservation's id, and signs that record or nothing.</summary>
    private async ValueTask PayAsync(IUpstreamCall call, Challenge challenge, Claim.Made claim)
    {
        var reservation = claim.Reservation;
        CrashPoint.Reach("reserved");
        if (Stop(call) is { } stop)
        {
            await AbortAsync(call, reservation, stop.Reason, stop);
            return;
        }

        var outcome = await claim.Wallet.SignAsync(reservation.Id, CancellationToken.None);
        if (outcome is not SignOutcome.Signed signed)
        {
            var refused = (SignOutcome.Refused)outcome;
            await AbortAsync(call, reservation, Words.Of(refused.Reason), Refusals.SignerRefused(refused.Reason, refused.Detail));
            return;
        }

        CrashPoint.Reach("signed");

        // INVARIANT: from here the amount is held until it is proven settled or dead, whatever happens to this request.
        var header = (PaymentHeader.Written)X402Writer.TryWrite(challenge, claim.Verdict.Offer, signed.Authorization, signed.Signature, Claims.IdentifierOf(reservation.Id));
        var payment = new PresentedPayment(reservation, header.Name, header.Value, DeliveryCheck.PromisedType(challenge, claim.Verdict.Offer));
        presented.Add(payment);
        Forget(ledger.RecordAsync(new LedgerEvent.Sent(reservation.Id)));
        Keep(reservation.Id, papers.OfOffer(challenge, claim.Verdict.Offer));
        if (ledger.Health.Trouble is { } trouble)
        {
            await call.AnswerAsync(Refusals.LedgerUnavailable(trouble) with { ReceiptId = ReceiptId.Of(reservation.Id) });
            return;
        }

        CrashPoint.Reach("sending");
        var identical = call.Method is "GET" or "HEAD" || X402Writer.OffersPaymentIdentifier(challenge);
        await PresentAsync(call, payment, mayRepeat: identical);
    }

    /// <summary>(6) and (7). After a lost answer the identical bytes may go once more; a second signature never.</summary>
    private async ValueTask PresentAsync(IUpstreamCall call, PresentedPayment payment, bool mayRepeat)
    {
        var id = payment.Reservation.Id;
        var receipt = ReceiptId.Of(id);
        var delivery = new DeliveryCheck(call.Method, payment.PromisedType);
        string? undelivered = null;
        var attempt = await call.SendPaidAsync(payment.HeaderName, payment.HeaderValue, head =>
        {
            var reply = OnHead(payment, head, undelivered = delivery.OfHead(head), out receipt);
            Keep(id, papers.OfReceipt(head.Values, payment.Reservation.Authorization.Terms, $"{call.Origin}{call.Target}"));
            return reply;
        });
        CrashPoint.Reach("passed-on");
        if (attempt.Head is not null)
        {
            if ((undelivered ?? delivery.OfEnd(attempt)) is { } why)
            {
                receipt = Record(payment, new LedgerEvent.Undelivered(id, why));
                LogUndelivered(call.Identity.Agent, call.Origin, id, why);
            }

            LogPaid(call.Identity.Agent, call.Origin, id, payment.Reservation.Value, attempt.Head.Status, attempt.IsComplete);
            if (!attempt.IsShown)
            {
                await call.AnswerAsync(Refusals.AnswerLost(payment.Reservation) with { ReceiptId = receipt });
            }

            return;
        }

        if (mayRepeat && ledger.FrozenReason(call.Identity.Agent) is null)
        {
            LogRepeated(call.Identity.Agent, call.Origin, id);
            await PresentAsync(call, payment, mayRepeat: false);
            return;
        }

        receipt = Record(payment, new LedgerEvent.InDoubt(id, "no_answer", Status: null, Delivered: false));
        LogInDoubt(call.Identity.Agent, call.Origin, id, "no_answer");
        await call.AnswerAsync(Refusals.OutcomeUnknown(payment.Reservation) with { ReceiptId = receipt });
    }

    // The outcome is queued before the agent can see the answer: its next request finds it booked.
    private PaidReply OnHead(PresentedPayment payment, AnswerHead head, string? undelivered, out string receipt)
    {
        CrashPoint.Reach("answered");
        var reservation = payment.Reservation;
        var outcome = SettlementOutcome.Of(head.Status, SettlementReader.Read(head.Values));
        receipt = Record(payment, Bookings.Of(reservation.Id, head.Status, outcome, isAsPromised: undelivered is null));
        if (outcome is SettlementOutcome.Settled)
        {
            presented.Remove(reservation.Id);
        }

        CrashPoint.Reach("booked");
        KeyValuePair<string, string>[] headers = [new(OurHeaders.Receipt, receipt), new(OurHeaders.Paid, PaidSummary.Of(reservation))];
        return head.Status == StatusCodes.Status402PaymentRequired
            ? new PaidReply(headers, Refusals.NotAccepted(reservation) with { ReceiptId = receipt })
            : new PaidReply(headers);
    }

    // Read again at the last moment: a freeze, a revoked token or a failed journal since the reservation.
    private Refusal? Stop(IUpstreamCall call) =>
        ledger.Health.Trouble is { } trouble ? Refusals.LedgerUnavailable(trouble)
        : call.Identity.Ended.IsCancellationRequested ? Refusals.TokenEnded()
        : ledger.FrozenReason(call.Identity.Agent) is { } frozen ? Refusals.Frozen(frozen)
        : null;

    private async ValueTask AbortAsync(IUpstreamCall call, Reservation reservation, string why, Refusal refusal)
    {
        Forget(ledger.RecordAsync(new LedgerEvent.Aborted(reservation.Id, why)));
        LogAborted(call.Identity.Agent, call.Origin, reservation.Id, why);
        await call.AnswerAsync(refusal with { ReceiptId = ReceiptId.Of(reservation.Id) });
    }

    private Challenge Read(IUpstreamCall call)
    {
        var held = call.Challenge;
        return X402Reader.Read(
            held.Head.Status, held.Head.Values, held.Body, held.IsBodyWhole, held.Head.Headers.ContentType.ToString(), $"{call.Origin}{call.Target}", networks.Profile);
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Describe(Challenge challenge) => challenge.Class switch
    {
        ChallengeClass.NotX402 or ChallengeClass.Payable => [],
        ChallengeClass.Malformed => [new(OurHeaders.Unpaid, $"malformed; reason={challenge.Reason}")],
        ChallengeClass.Unsupported => [new(OurHeaders.Unpaid, $"unsupported; reason={challenge.Reason}; offered=\"{challenge.Offered}\"")],
    };

    // The id of the receipt that says so.
    private string Record(PresentedPayment payment, LedgerEvent happened)
    {
        Forget(ledger.RecordAsync(happened));
        return payment.ReceiptOf(happened);
    }

    private void Keep(PaymentId id, SellerPaper? paper)
    {
        if (paper is not null)
        {
            Forget(ledger.RecordAsync(new LedgerEvent.SellerSigned(id, paper)));
        }
    }

    // A line that could not be written is said by the ledger's health, which stops all further payments; the reservation itself is on disk.
    private void Forget(ValueTask recording) => _ = ObserveAsync(recording);

    private async Task ObserveAsync(ValueTask recording)
    {
        try
        {
            await recording;
        }
        catch (LedgerUnavailableException exception)
        {
            LogNotRecorded(exception.Message);
        }
        catch (LedgerInvariantException exception)
        {
            // Two retries presented the same payment, and the books already know how it ended.
            LogAlreadyBooked(exception.Message);
        }
    }

    [LoggerMessage(EventId = 1400, Level = LogLevel.Information, Message = "402 of {Origin} passed on to {Agent}: {Class} {Reason}")]
    private partial void LogNotPayable(AgentId agent, Origin origin, ChallengeClass @class, string reason);

    [LoggerMessage(EventId = 1401, Level = LogLevel.Information, Message = "Paid {Value} USD for {Agent} to {Origin} as {Payment}: status {Status}, whole body {IsComplete}")]
    private partial void LogPaid(AgentId agent, Origin origin, PaymentId payment, Usd value, int status, bool isComplete);

    [LoggerMessage(EventId = 1403, Level = LogLevel.Information, Message = "Identical payment {Payment} of {Agent} sent again to {Origin} after a lost answer")]
    private partial void LogRepeated(AgentId agent, Origin origin, PaymentId payment);

    [LoggerMessage(EventId = 1404, Level = LogLevel.Warning, Message = "Payment {Payment} of {Agent} to {Origin} is in doubt: {Why}")]
    private partial void LogInDoubt(AgentId agent, Origin origin, PaymentId payment, string why);

    [LoggerMessage(EventId = 1409, Level = LogLevel.Warning, Message = "Payment {Payment} of {Agent} to {Origin} was answered, and not with what was promised: {Why}")]
    private partial void LogUndelivered(AgentId agent, Origin origin, PaymentId payment, string why);

    [LoggerMessage(EventId = 1405, Level = LogLevel.Information, Message = "Payment {Payment} of {Agent} to {Origin} was aborted before signing: {Why}")]
    private partial void LogAborted(AgentId agent, Origin origin, PaymentId payment, string why);

    [LoggerMessage(EventId = 1408, Level = LogLevel.Information, Message = "An outcome was booked before: {Objection}")]
    private partial void LogAlreadyBooked(string objection);

    [LoggerMessage(EventId = 1406, Level = LogLevel.Error, Message = "An outcome could not be recorded; payments have stopped: {Trouble}")]
    private partial void LogNotRecorded(string trouble);
}
