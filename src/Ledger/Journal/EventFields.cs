using System.Diagnostics;
using System.Text.Json;

namespace SmartProxy.Ledger;

/// <summary>Writes the members of every line but <c>opened</c> and <c>reserved</c>, starting with <c>type</c>.</summary>
internal static class EventFields
{
    public static void Write(Utf8JsonWriter json, LedgerEvent happened)
    {
        switch (happened)
        {
            case LedgerEvent.PolicyActivated policy:
                json.WriteString("type"u8, LineTypes.Policy);
                json.WriteWord("hash"u8, policy.Hash);
                json.WriteString("change"u8, policy.Change);
                json.WriteString("registry"u8, policy.Registry);
                json.WriteString("text"u8, policy.Text);
                break;
            case LedgerEvent.Sent sent:
                json.WriteString("type"u8, LineTypes.Sent);
                json.WriteString("payment"u8, sent.Payment.Value);
                break;
            case LedgerEvent.Settled settled:
                Write(json, settled);
                break;
            case LedgerEvent.InDoubt doubt:
                Write(json, doubt);
                break;
            case LedgerEvent.Aborted aborted:
                json.WriteString("type"u8, LineTypes.Aborted);
                json.WriteString("payment"u8, aborted.Payment.Value);
                json.WriteString("why"u8, aborted.Why);
                break;
            case LedgerEvent.Proven proven:
                ChainFields.Write(json, proven);
                break;
            case LedgerEvent.Expired expired:
                ChainFields.Write(json, expired);
                break;
            case LedgerEvent.Voided voided:
                ChainFields.Write(json, voided);
                break;
            case LedgerEvent.Drifted drifted:
                ChainFields.Write(json, drifted);
                break;
            case LedgerEvent.RollbackAccepted accepted:
                ChainFields.Write(json, accepted);
                break;
            case LedgerEvent.Refused refused:
                Write(json, refused);
                break;
            case LedgerEvent.Frozen frozen:
                json.WriteString("type"u8, LineTypes.Frozen);
                WriteFreeze(json, frozen.Agent?.Value, frozen.By, frozen.Reason);
                break;
            case LedgerEvent.Unfrozen unfrozen:
                json.WriteString("type"u8, LineTypes.Unfrozen);
                WriteFreeze(json, unfrozen.Agent?.Value, unfrozen.By, unfrozen.Reason);
                break;
            default:
                throw new UnreachableException();
        }
    }

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
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LedgerEvent.Settled settled)
    {
        json.WriteString("type"u8, LineTypes.Settled);
        json.WriteString("payment"u8, settled.Payment.Value);
        json.WriteNumber("status"u8, settled.Status);
        json.WriteBoolean("delivered"u8, settled.Delivered);
        Write(json, settled.Claim);
        if (settled.ResponseDigest is { } digest)
        {
            json.WriteWord("response"u8, digest);
        }
    }

    private static void Write(Utf8JsonWriter json, LedgerEvent.InDoubt doubt)
    {
        json.WriteString("type"u8, LineTypes.InDoubt);
        json.WriteString("payment"u8, doubt.Payment.Value);
        json.WriteString("why"u8, doubt.Why);
        if (doubt.Status is { } status)
        {
            json.WriteNumber("status"u8, status);
        }

        json.WriteBoolean("delivered"u8, doubt.Delivered);
        if (doubt.Claim is { } claim)
        {
            Write(json, claim);
        }
    }

    private static void Write(Utf8JsonWriter json, SettlementClaim claim)
    {
        json.WriteStartObject("claim"u8);
        json.WriteBoolean("success"u8, claim.Success);
        json.WriteString("transaction"u8, claim.Transaction);
        json.WriteString("network"u8, claim.Network);
        json.WriteOptional("payer"u8, claim.Payer);
        if (claim.Amount is { } amount)
        {
            json.WriteDigits("amount"u8, amount.Units);
        }

        json.WriteOptional("errorReason"u8, claim.ErrorReason);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LedgerEvent.Refused refused)
    {
        json.WriteString("type"u8, LineTypes.Refused);
        json.WriteString("payment"u8, refused.Decision.Value);
        json.WriteString("agent"u8, refused.Agent.Value);
        json.WriteString("reason"u8, refused.Reason);
        if (refused.PolicyHash is { } policy)
        {
            json.WriteWord("policy"u8, policy);
        }

        json.WriteWord("terms"u8, refused.TermsHash);
        json.WriteWord("request"u8, refused.RequestDigest);
        json.WriteNumber("count"u8, refused.Count);
        Write(json, refused.Figures);
        Write(json, refused.Context);
    }

    private static void Write(Utf8JsonWriter json, RefusalFigures figures)
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
        if (figures.ResetsAt is { } resetsAt)
        {
            json.WriteTime("resetsAt"u8, resetsAt);
        }

        json.WriteEndObject();
    }

    private static void WriteUsd(Utf8JsonWriter json, ReadOnlySpan<byte> name, Protocol.Usd? value)
    {
        if (value is { } usd)
        {
            json.WriteDigits(name, usd.Micros);
        }
    }

    // The measure is said once for all figures of a limit; dollars go without saying.
    private static void WriteQuantity(Utf8JsonWriter json, ReadOnlySpan<byte> name, Protocol.Quantity? value)
    {
        if (value is { } quantity)
        {
            json.WriteDigits(name, quantity.Units);
        }
    }

    private static void WriteFreeze(Utf8JsonWriter json, string? agent, string by, string reason)
    {
        json.WriteOptional("agent"u8, agent);
        json.WriteString("by"u8, by);
        json.WriteString("reason"u8, reason);
    }
}
