using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Writes what lines tell people about a request: its context, and the figures of a refusal.</summary>
internal static class ContextFields
{
    public static void Write(Utf8JsonWriter json, PaymentContext context)
    {
        json.WriteStartObject("context"u8);
        json.WriteString("method"u8, context.Method);
        json.WriteString("origin"u8, context.Origin.ToString());
        json.WriteString("path"u8, context.Path);
        json.WriteOptional("queryHmac"u8, context.QueryHmac);
        json.WriteString("rule"u8, context.Rule);
        json.WriteString("rail"u8, context.Rail);
        json.WriteNumber("protocolVersion"u8, context.ProtocolVersion);
        json.WriteOptional("scheme"u8, context.Scheme);
        json.WriteOptional("assetSymbol"u8, context.AssetSymbol);
        json.WriteOptional("wallet"u8, context.Wallet);
        json.WriteStartObject("tags"u8);
        foreach (var (name, value) in context.Tags)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        Write(json, context.Trace);
        if (context.Shadow is { } shadow)
        {
            Write(json, shadow);
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, RefusalFigures figures)
    {
        json.WriteStartObject("figures"u8);
        WriteUsd(json, "price"u8, figures.Price);
        if (figures.PayTo is { } payTo)
        {
            json.WriteAddress("payTo"u8, payTo);
        }

        json.WriteOptional("network"u8, figures.Network?.ToString());
        if (figures.Asset is { } asset)
        {
            json.WriteAddress("asset"u8, asset);
        }

        json.WriteOptional("amount"u8, figures.Amount);
        WriteQuantity(json, "limit"u8, figures.Limit);
        WriteQuantity(json, "spent"u8, figures.Spent);
        WriteQuantity(json, "held"u8, figures.Held);
        WriteQuantity(json, "remaining"u8, figures.Remaining);
        json.WriteMeasure(figures.Measure);
        if (figures.ResetsAt is { } resetsAt)
        {
            json.WriteTime("resetsAt"u8, resetsAt);
        }

        if (figures.PassesAt is { } passesAt)
        {
            json.WriteNumber("passesAt"u8, passesAt);
        }

        json.WriteEndObject();
    }

    private static void WriteUsd(Utf8JsonWriter json, ReadOnlySpan<byte> name, Usd? value)
    {
        if (value is { } usd)
        {
            json.WriteDigits(name, usd.Micros);
        }
    }

    // The measure is said once for all figures of a limit; dollars go without saying.
    private static void WriteQuantity(Utf8JsonWriter json, ReadOnlySpan<byte> name, Quantity? value)
    {
        if (value is { } quantity)
        {
            json.WriteDigits(name, quantity.Units);
        }
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<TraceStep> trace)
    {
        if (trace.Count == 0)
        {
            return;
        }

        json.WriteStartArray("trace"u8);
        for (var i = 0; i < trace.Count; i++)
        {
            json.WriteStartArray();
            json.WriteStringValue(trace[i].Rule);
            json.WriteStringValue(JournalWords.Of(trace[i].Saying));
            if (trace[i].Detail is { } detail)
            {
                json.WriteStringValue(detail);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, ShadowSaying shadow)
    {
        json.WriteStartObject("shadow"u8);
        json.WriteWord("policy"u8, shadow.PolicyHash);
        json.WriteBoolean("allowed"u8, shadow.Allowed);
        json.WriteOptional("reason"u8, shadow.Reason);
        json.WriteString("rule"u8, shadow.Rule);
        json.WriteEndObject();
    }
}
