using System.Buffers;
using System.Text.Json;
using SmartProxy.AdminApi;
using SmartProxy.Ledger;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>
/// Answers <c>Smart-Proxy-Mode: quote</c>: every offer of the 402, what policy and books say to it by which rule and figures, and whether it
/// would be paid. The same judgement as for a payment, up to the reservation, which is foreseen and never made: no money, no receipt.
/// </summary>
internal sealed class QuoteDesk(Claims claims, IForesight foresight)
{
    private static readonly JsonWriterOptions Options = new() { Indented = false };

    public async ValueTask AnswerAsync(IUpstreamCall call, Challenge challenge)
    {
        if (await call.DigestBodyAsync(CancellationToken.None) is not { } body)
        {
            await call.AnswerAsync(Refusals.BodyNotReplayable());
            return;
        }

        var request = PaymentRequest.From(call, body);
        var (policyHash, verdicts) = claims.Judge(call, challenge, request);
        var quotes = new List<OfferQuote>();
        foreach (var (offer, verdict) in challenge.Offers.Zip(verdicts))
        {
            quotes.Add(await QuoteAsync(call, challenge, request, offer, verdict, policyHash));
        }

        // What Claims would try first and get.
        var order = Claims.InOrder(verdicts).Select(verdict => verdict.Offer).ToList();
        var paid = quotes.Where(quote => quote.Refused is null).MinBy(quote => order.IndexOf(quote.Offer));
        await call.AnswerJsonAsync(Write(call, policyHash, quotes, paid));
    }

    private async ValueTask<OfferQuote> QuoteAsync(IUpstreamCall call, Challenge challenge, PaymentRequest request, PaymentOffer offer, Verdict verdict, Bytes32? policyHash)
    {
        if (verdict is not Verdict.Allowed allowed || policyHash is not { } hash)
        {
            var denied = (Verdict.Denied)verdict;
            return new OfferQuote(offer, Claim.Refused.By(denied, policyHash), denied.Trace.Count == 0 ? DecisionTrace.Of(denied) : denied.Trace, denied.Rule, denied.Value, null, []);
        }

        var (_, reserve, problem) = claims.Prepare(call, challenge, request, allowed, hash);
        if (problem is not null)
        {
            return new OfferQuote(offer, problem, problem.Trace, problem.Rule, allowed.Facts.Value, allowed.Asset, []);
        }

        var foreseen = await foresight.ForeseeAsync(reserve, CancellationToken.None);
        var refused = foreseen.Refusal is { } refusal ? claims.Explain(call, refusal, allowed, reserve) : null;
        return new OfferQuote(offer, refused, refused?.Trace ?? allowed.Trace, refused?.Rule ?? allowed.Rule, allowed.Facts.Value, allowed.Asset, foreseen.Usage);
    }

    private static ReadOnlyMemory<byte> Write(IUpstreamCall call, Bytes32? policyHash, List<OfferQuote> quotes, OfferQuote? paid)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("agent", call.Identity.Agent.Value);
            json.WriteString("method", call.Method);
            json.WriteString("url", call.Origin + PaymentContexts.PathOf(call));
            json.WriteString("policy", policyHash?.ToString());
            json.WriteBoolean("isFree", false);
            json.WriteBoolean("wouldPay", paid is not null);
            json.WriteString("price", paid?.Price?.ToString());
            json.WriteStartArray("offers");
            foreach (var quote in quotes)
            {
                Write(json, quote, quote == paid);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, OfferQuote quote, bool isChosen)
    {
        var offer = quote.Offer;
        json.WriteStartObject();
        json.WriteNumber("index", offer.Index);
        json.WriteString("verdict", isChosen ? "pays" : quote.Refused is null ? "allows" : quote.Refused.Ask is null ? "refuses" : "asks");
        json.WriteString("rail", offer.Rail);
        json.WriteString("scheme", offer.Scheme);
        json.WriteString("network", offer.NetworkText);
        json.WriteString("asset", offer.Asset.ToString());
        json.WriteString("symbol", quote.Asset?.Symbol);
        json.WriteString("amount", offer.Amount.ToString(System.Globalization.CultureInfo.InvariantCulture));
        json.WriteString("payTo", offer.PayTo.ToString());
        json.WriteString("rule", quote.Rule);
        if (quote.Price is { } price)
        {
            json.WriteString("price", price.ToString());
        }

        if (quote.Refused is { } refused)
        {
            json.WriteString("reason", refused.Refusal.Reason);
            json.WriteString("detail", refused.Refusal.Detail);
            foreach (var (name, value) in refused.Refusal.Members.Where(member => member.Key is not ("rule" or "price" or "payTo" or "network")))
            {
                json.WriteString(name, value);
            }
        }

        DecisionTrace.Write(json, quote.Trace);
        json.WriteStartArray("limits");
        foreach (var usage in quote.Usage)
        {
            json.WriteStartObject();
            ApiAnswer.WriteUsageMembers(json, usage);
            json.WriteString("remainingAfter", usage.Remaining.Less(Cost(usage, quote)).ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // A payment to a recipient that was paid before uses none of a limit on recipients; the books' refusal says which it is.
    private static Quantity Cost(LineUsage usage, OfferQuote quote) => usage.Line.Limit.Measure switch
    {
        SpendMeasure.Dollars => quote.Price ?? Usd.Zero,
        SpendMeasure.Payments => new Quantity(SpendMeasure.Payments, 1),
        SpendMeasure.Recipients => new Quantity(SpendMeasure.Recipients, 0),
    };

    /// <param name="Offer">What the seller offers.</param>
    /// <param name="Refused">Why it would not be paid; null when it would.</param>
    /// <param name="Trace">Which rule said what.</param>
    /// <param name="Rule">The rule that decided.</param>
    /// <param name="Price">Its dollar value, where the token is known.</param>
    /// <param name="Asset">Its token, where it is known.</param>
    /// <param name="Usage">The limits that it would draw on.</param>
    private sealed record OfferQuote(PaymentOffer Offer, Claim.Refused? Refused, IReadOnlyList<TraceStep> Trace, string Rule, Usd? Price, Asset? Asset, IReadOnlyList<LineUsage> Usage);
}
