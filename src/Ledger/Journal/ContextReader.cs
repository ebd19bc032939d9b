using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Reads what <see cref="ContextFields"/> writes.</summary>
internal static class ContextReader
{
    public static PaymentContext ReadContext(ref LineReader reader)
    {
        reader.Open("context"u8);
        var context = new PaymentContext
        {
            Method = reader.Text("method"u8),
            Origin = reader.Origin("origin"u8),
            Path = reader.Text("path"u8),
            QueryHmac = reader.OptionalText("queryHmac"u8),
            Rule = reader.Text("rule"u8),
            Rail = reader.Text("rail"u8),
            ProtocolVersion = (int)reader.Number("protocolVersion"u8),
            Scheme = reader.OptionalText("scheme"u8),
            AssetSymbol = reader.OptionalText("assetSymbol"u8),
            Wallet = reader.OptionalText("wallet"u8),
            Tags = reader.Map("tags"u8),
            Trace = ReadTrace(ref reader),
            Shadow = reader.Has("shadow"u8) ? ReadShadow(ref reader) : null,
        };
        reader.Close();
        return context;
    }

    public static RefusalFigures ReadFigures(ref LineReader reader)
    {
        reader.Open("figures"u8);
        var (price, payTo) = (reader.OptionalUsd("price"u8), reader.OptionalAddress("payTo"u8));
        ChainId? network = reader.Has("network"u8) ? reader.Chain("network"u8) : null;
        var (asset, amount) = (reader.OptionalAddress("asset"u8), reader.OptionalText("amount"u8));
        var (limit, spent) = (reader.OptionalDigits("limit"u8), reader.OptionalDigits("spent"u8));
        var (held, remaining) = (reader.OptionalDigits("held"u8), reader.OptionalDigits("remaining"u8));
        var measure = reader.Measure();
        DateTimeOffset? resetsAt = reader.Has("resetsAt"u8) ? reader.Time("resetsAt"u8) : null;
        int? passesAt = reader.Has("passesAt"u8) ? checked((int)reader.Number("passesAt"u8)) : null;
        reader.Close();
        return new RefusalFigures(price, payTo, network, asset, amount, Of(limit), Of(spent), Of(held), Of(remaining), resetsAt) { PassesAt = passesAt };

        Quantity? Of(UInt128? units) => units is { } known ? new Quantity(measure, known) : null;
    }

    private static TraceStep[] ReadTrace(ref LineReader reader)
    {
        if (!reader.Has("trace"u8))
        {
            return [];
        }

        var trace = new List<TraceStep>();
        reader.OpenArray("trace"u8);
        while (reader.NextArray())
        {
            var (rule, saying, detail) = (Expect(reader.NextText()), JournalWords.Saying(Expect(reader.NextText())), reader.NextText());
            if (detail is not null && reader.NextText() is not null)
            {
                throw new FormatException("`trace`: expected rule, saying and at most one detail");
            }

            trace.Add(new TraceStep(rule, saying, detail));
        }

        return trace.Count > 0 ? [.. trace] : throw new FormatException("`trace`: expected at least one step, or nothing at all");

        static string Expect(string? text) => text ?? throw new FormatException("`trace`: expected rule and saying");
    }

    private static ShadowSaying ReadShadow(ref LineReader reader)
    {
        reader.Open("shadow"u8);
        var shadow = new ShadowSaying(reader.Word("policy"u8), reader.Flag("allowed"u8), reader.OptionalText("reason"u8), reader.Text("rule"u8));
        reader.Close();
        return shadow;
    }
}
