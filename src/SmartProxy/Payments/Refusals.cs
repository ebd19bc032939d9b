using System.Globalization;
using SmartProxy.Ledger;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Wallet;

namespace SmartProxy.Payments;

/// <summary>
/// Every refusal of the payment flow, with its status (403 what the policy will not allow as asked, 429 when the window refills within
/// a minute, 409 for twins, 413, 422, 499 when nobody waits, 502 for upstream trouble, 503 when ledger or signer can't be trusted). The words are pinned by a test.
/// </summary>
internal static class Refusals
{
    private static readonly TimeSpan SoonEnough = TimeSpan.FromSeconds(60);

    // People take longer than this; an agent that asks again joins the open question.
    private const int ApprovalRetrySeconds = 30;

    public static Refusal Of(Verdict.Denied denied) =>
        new(denied.Reason is DenyReason.NoPolicy ? 503 : 403, Words.Of(denied.Reason), Sentence(denied))
        {
            Members = Members(
                ("rule", denied.Rule),
                ("price", denied.Value?.ToString()),
                ("payTo", denied.Offer.PayTo.ToString()),
                ("network", denied.Offer.Network.ToString()),
                ("limit", denied.Limit?.ToString()),
                ("resetsAt", denied.OpensAt is { } opens ? Time(opens) : null),
                ("wouldPass", denied.WouldPass)),
        };

    public static Refusal Of(ReserveOutcome.Refused refused, Verdict.Allowed? verdict) => refused.Reason switch
    {
        ReserveRefusal.BudgetExceeded when refused.Line is not null => BudgetExceeded(refused, verdict!),
        ReserveRefusal.BudgetExceeded => For(refused, verdict, 403, "the price is larger than any amount that can be summed; do not ask this seller again"),
        ReserveRefusal.CountExceeded when refused.Line is not null => CountExceeded(refused, verdict!),
        ReserveRefusal.CountExceeded => For(refused, verdict, 403, "a limit on a number has no room; ask the operator for a higher one"),
        ReserveRefusal.RecipientChanged => For(refused, verdict, 403, $"this seller was first paid at {refused.PinnedRecipient}, and now asks for payment to another recipient; ask the operator to list the new one under the merchant's recipients"),
        ReserveRefusal.PaymentInProgress => For(refused, verdict, 409, "the same request is being paid right now; wait for its answer, or ask again after Retry-After"),
        ReserveRefusal.PaymentInDoubt => For(refused, verdict, 409, "the same request was paid and the outcome is not known, so it is not paid again; ask again after Retry-After, or send another Idempotency-Key for a second purchase"),
        ReserveRefusal.DuplicatePayment => For(refused, verdict, 409, "the same request was paid a moment ago; wait for Retry-After, or send another Idempotency-Key for a second purchase"),
        ReserveRefusal.IdempotencyKeyReuse => For(refused, verdict, 422, "this Idempotency-Key was used with another request; send a fresh key for a new purchase"),
        ReserveRefusal.PolicyChanged => For(refused, verdict, 503, "the policy changed while this request was judged; ask again") with { RetryAfterSeconds = 1 },
        ReserveRefusal.PriceDrift => For(refused, verdict, 403, $"the price is far above the {refused.LastPrice} USD of the last time ({refused.Rule}); ask the operator if this seller has become dearer"),
        ReserveRefusal.RequestLoop => For(refused, verdict, SoonOr403(refused), $"the same request was paid too often ({refused.Rule}); use the answer that you have, or ask again after Retry-After"),
        ReserveRefusal.MerchantSuspended => For(refused, verdict, SoonOr403(refused), $"this seller was paid and did not deliver too often in a row ({refused.Rule}); ask again after Retry-After, or use another seller"),
        ReserveRefusal.ApprovalPending => For(refused, verdict, 403, $"a person has to agree to this payment first ({refused.Approval?.Rule}: {ApprovalWords.Of(refused.Approval?.Causes ?? ApprovalCauses.None)}); ask the same again after Retry-After") with { RetryAfterSeconds = ApprovalRetrySeconds },
        ReserveRefusal.ApprovalDenied => For(refused, verdict, 403, $"a person said no to this payment ({refused.Approval?.Rule}); do not ask for it again"),
        ReserveRefusal.Frozen => Frozen("payments are frozen"),
        ReserveRefusal.LedgerUnavailable => LedgerUnavailable("the ledger refused to write"),
    };

    /// <summary>The same refusal with the id of the question that a person can answer.</summary>
    public static Refusal Asked(Refusal pending, PaymentId approval) => pending with { Members = [new("approval", approval.Value), .. pending.Members.Where(member => member.Key != "approval")] };

    public static Refusal Frozen(string why) =>
        new(403, "frozen", $"the operator has stopped payments ({why}); ask the operator to unfreeze");

    public static Refusal TokenEnded() =>
        new(403, "token_ended", "the agent's token was revoked or has expired, so nothing is paid; ask the operator for a new one");

    /// <summary>Nobody is there to read it; the receipt says it to the operator. 499 is what many servers log for that.</summary>
    public static Refusal AgentGone() =>
        new(499, "agent_gone", "the agent hung up, or reset its stream, before anything was signed, so nothing is paid; ask again and wait for the answer");

    public static Refusal LedgerUnavailable(string trouble) =>
        new(503, "ledger_unavailable", $"nothing can be paid because the ledger can't be trusted ({trouble}); tell the operator");

    public static Refusal SignerRefused(SignRefusal reason, string? figures = null) => new(503, Words.Of(reason), reason switch
    {
        SignRefusal.WalletInsufficient => $"the wallet holds too little for this payment ({figures}); nothing was signed, tell the operator",
        SignRefusal.ClockSkew => $"the proxy's clock can't be trusted ({figures}); nothing was signed, tell the operator",
        _ => $"the signer refused by its own rules ({Words.Of(reason)}); nothing was signed, tell the operator",
    });

    public static Refusal BodyNotReplayable() =>
        new(413, "body_not_replayable", "the request's body is too large, or came too slowly, to be sent again with a payment; send it whole and in smaller parts, or ask the operator for a larger limit");

    public static Refusal WalletNotFound(string? name) =>
        new(503, "wallet_not_found", $"the policy wants the wallet {name ?? "(none named, and there is not exactly one)"}, which is not configured; tell the operator");

    public static Refusal ValidityTooShort(long seconds) =>
        new(403, "validity_too_short", string.Create(CultureInfo.InvariantCulture, $"the seller allows {seconds} seconds for the payment and at least 6 are needed; ask the seller for a longer maxTimeoutSeconds"));

    public static Refusal PaymentHeaderTooLarge() =>
        new(403, "payment_header_too_large", "the seller's terms are so long that the payment header would exceed 12 KiB; ask the seller for shorter terms");

    /// <summary>The seller asked for money again after it was given an authorization.</summary>
    public static Refusal NotAccepted(Reservation reservation) =>
        new(502, "payment_not_accepted", $"the seller was given a payment of {reservation.Value} USD and asked for payment again; the amount stays held until it is proven unused, so look at the receipt before you try this seller again")
        {
            Members = Members(("price", reservation.Value.ToString()), ("payTo", reservation.Authorization.Terms.To.ToString())),
        };

    /// <summary>No answer came to a payment that may have arrived.</summary>
    public static Refusal OutcomeUnknown(Reservation reservation) =>
        new(502, "payment_outcome_unknown", $"the connection was lost after a payment of {reservation.Value} USD was sent; the amount stays held, and the same request asked again within its validity presents the same payment; look at the receipt before you buy anew")
        {
            Members = Members(("price", reservation.Value.ToString()), ("payTo", reservation.Authorization.Terms.To.ToString())),
        };

    /// <summary>The paid answer broke off before any of it could be shown.</summary>
    public static Refusal AnswerLost(Reservation reservation) =>
        new(502, "paid_answer_lost", $"{reservation.Value} USD were paid, and the seller's answer broke off before any of it could be handed on; look at the receipt before you ask again, which may be a second purchase")
        {
            Members = Members(("price", reservation.Value.ToString()), ("payTo", reservation.Authorization.Terms.To.ToString())),
        };

    public static IReadOnlyList<KeyValuePair<string, string>> Members(params ReadOnlySpan<(string Name, string? Value)> members)
    {
        var present = new List<KeyValuePair<string, string>>(members.Length);
        foreach (var (name, value) in members)
        {
            if (value is not null)
            {
                present.Add(new(name, value));
            }
        }

        return present;
    }

    private static Refusal BudgetExceeded(ReserveOutcome.Refused refused, Verdict.Allowed verdict)
    {
        var usage = refused.Line!;
        var when = usage.ResetsAt is { } resets ? $"ask again after {Time(resets)}" : refused.RetryAfter is { } later ? $"ask again in {Seconds(later)} seconds" : "the limit does not refill";
        var detail = $"the price of {verdict.Facts.Value} USD exceeds what {usage.Line.Id} has left ({usage.Remaining} of {usage.Line.Limit.ToWords()}); {when}, or ask the operator for a higher limit";
        var status = SoonOr403(refused);
        return new Refusal(status, Words.Of(refused.Reason), detail)
        {
            RetryAfterSeconds = status == 429 ? Seconds(refused.RetryAfter!.Value) : null,
            Members = Figures(usage, verdict, usage.Remaining.Units > 0 ? $"a price of at most {usage.Remaining} USD" : null),
        };
    }

    private static Refusal CountExceeded(ReserveOutcome.Refused refused, Verdict.Allowed verdict)
    {
        var usage = refused.Line!;
        var when = usage.ResetsAt is { } resets ? $"ask again after {Time(resets)}"
            : refused.RetryAfter is { } later ? $"ask again in {Seconds(later)} seconds"
            : usage.Line.Window is SpendWindow.UnderWay ? "wait until one of them has ended"
            : "the limit does not refill";
        var detail = $"{usage.Line.Id} allows {usage.Line.Limit.ToWords()}, and there is no room for another one; {when}, or ask the operator for a higher limit";
        return For(refused, verdict, SoonOr403(refused), detail) with { Members = Figures(usage, verdict, wouldPass: null) };
    }

    private static List<KeyValuePair<string, string>> Figures(LineUsage usage, Verdict.Allowed verdict, string? wouldPass) => [.. Members(
        ("rule", usage.Line.Id),
        ("price", verdict.Facts.Value.ToString()),
        ("payTo", verdict.Facts.PayTo.ToString()),
        ("network", verdict.Facts.Network.ToString()),
        ("limit", usage.Line.Limit.ToString()),
        ("spent", usage.Spent.ToString()),
        ("held", usage.Held.ToString()),
        ("remaining", usage.Remaining.ToString()),
        ("resetsAt", usage.ResetsAt is { } at ? Time(at) : null),
        ("wouldPass", wouldPass))];

    private static int SoonOr403(ReserveOutcome.Refused refused) => refused.RetryAfter is { } wait && wait <= SoonEnough ? 429 : 403;

    private static Refusal For(ReserveOutcome.Refused refused, Verdict.Allowed? verdict, int status, string detail) =>
        new(status, Words.Of(refused.Reason), detail)
        {
            RetryAfterSeconds = refused.RetryAfter is { } wait ? Seconds(wait) : null,
            Members = Members(
                ("approval", refused.Approval?.Open?.Value),
                ("rule", refused.Rule ?? refused.Approval?.Rule),
                ("price", verdict?.Facts.Value.ToString()),
                ("lastPrice", refused.LastPrice?.ToString()),
                ("payTo", verdict?.Facts.PayTo.ToString()),
                ("network", verdict?.Facts.Network.ToString()),
                ("payment", refused.Earlier?.Value),
                ("pinned", refused.PinnedRecipient?.ToString())),
        };

    private static string Sentence(Verdict.Denied denied)
    {
        var advice = denied.WouldPass is { } passes ? $"; what would pass: {passes}" : "; ask the operator to change the policy if this should be allowed";
        return denied.Reason switch
        {
            DenyReason.NoPolicy => "no valid policy is loaded, so nothing is paid; tell the operator",
            DenyReason.UnknownAgent => "the policy does not know this agent, so nothing is paid; ask the operator to add it under agents",
            DenyReason.Denied => $"the policy forbids this payment by {denied.Rule}" + advice,
            DenyReason.MerchantNotAllowed => "the policy does not allow this host" + advice,
            DenyReason.OutsideSchedule => $"the policy allows no payments at this hour ({denied.Rule})" + (denied.OpensAt is { } opens ? $"; ask again after {Time(opens)}" : advice),
            DenyReason.CleartextNotAllowed => "the policy does not allow paying over http:// here; use https://, or ask the operator for allowCleartext on this merchant",
            DenyReason.MethodNotPayable => "requests of this method are not paid here" + advice,
            DenyReason.NetworkNotAllowed => $"the policy does not allow payments on {denied.Offer.NetworkText}" + advice,
            DenyReason.SchemeNotAllowed => $"the policy does not allow the scheme {denied.Offer.Scheme}" + advice,
            DenyReason.AssetNotAllowed => $"the policy does not allow the token {denied.Offer.Asset} on {denied.Offer.Network}" + advice,
            DenyReason.AssetDomainMismatch => "the seller describes the token differently from the asset registry, so a signature would be worthless; tell the operator",
            DenyReason.RecipientNotAllowed => $"the policy does not allow the recipient {denied.Offer.PayTo}" + advice,
            DenyReason.AmountOutOfRange => "the amount is zero or larger than any amount that can be judged; do not ask this seller again",
            DenyReason.AmountOverPaymentLimit => $"the price of {denied.Value} USD is over the limit of {denied.Limit} USD per payment ({denied.Rule})" + advice,
            DenyReason.AmountOverMaxPrice => $"the price of {denied.Value} USD is over the {denied.Limit} USD that the request itself allows; raise {PaymentRequest.MaxPriceHeader} if you agree to the price",
        };
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static int Seconds(TimeSpan wait) => (int)Math.Min(int.MaxValue, Math.Max(1, Math.Ceiling(wait.TotalSeconds)));
}
