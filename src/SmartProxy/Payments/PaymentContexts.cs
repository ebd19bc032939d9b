using System.Globalization;
using SmartProxy.Ledger;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>What goes on record about a request, besides the money.</summary>
internal static class PaymentContexts
{
    // Longer paths are cut on record; the digest is of the whole request.
    private const int MaxPath = 2048;

    /// <summary>The path that is judged and recorded: without the query, cut at <see cref="MaxPath"/> characters.</summary>
    public static string PathOf(IUpstreamCall call)
    {
        var end = call.Target.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? call.Target : call.Target[..end];
        return path.Length <= MaxPath ? path : path[..MaxPath];
    }

    public static PaymentContext Of(IUpstreamCall call, QueryDigester queries, Verdict.Allowed verdict) =>
        Of(call, queries, verdict.Offer, verdict.Rule) with
        {
            AssetSymbol = verdict.Asset.Symbol,
            Wallet = verdict.Wallet,
            Tags = verdict.Tags,
            Trace = verdict.Trace,
        };

    public static PaymentContext Of(IUpstreamCall call, QueryDigester queries, PaymentOffer offer, string rule)
    {
        var (_, queryHmac) = queries.Split(call.Target);
        return new PaymentContext
        {
            Method = call.Method,
            Origin = call.Origin,
            Path = PathOf(call),
            QueryHmac = queryHmac,
            Rule = rule,
            Rail = offer.Rail,
            ProtocolVersion = offer.Version,
            Scheme = offer.Scheme,
        };
    }
}

/// <summary>The figures of a refusal.</summary>
internal static class PaymentFigures
{
    public static RefusalFigures Of(PaymentOffer offer) =>
        new(PayTo: offer.PayTo, Network: offer.Network, Asset: offer.Asset, Amount: offer.Amount.ToString(CultureInfo.InvariantCulture));

    public static RefusalFigures Of(Verdict.Denied denied) =>
        Of(denied.Offer) with { Price = denied.Value, Limit = denied.Limit };

    public static RefusalFigures Of(Verdict.Allowed verdict, LineUsage? line, int? passesAt = null) =>
        Of(verdict.Offer) with
        {
            Price = verdict.Facts.Value,
            Limit = line?.Line.Limit,
            Spent = line?.Spent,
            Held = line?.Held,
            Remaining = line?.Remaining,
            ResetsAt = line?.ResetsAt,
            PassesAt = passesAt,
        };
}
