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
            case LedgerEvent.Undelivered undelivered:
                json.WriteString("type"u8, LineTypes.Undelivered);
                json.WriteString("payment"u8, undelivered.Payment.Value);
                json.WriteString("why"u8, undelivered.Why);
                break;
            case LedgerEvent.SellerSigned signed:
                Write(json, signed);
                break;
            case LedgerEvent.Refunded refunded:
                ChainFields.Write(json, refunded);
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
            case LedgerEvent.ApprovalRequested asked:
                Write(json, asked);
                break;
            case LedgerEvent.ApprovalAnswered answer:
                json.WriteString("type"u8, LineTypes.ApprovalAnswered);
                json.WriteString("approval"u8, answer.Approval.Value);
                json.WriteBoolean("approved"u8, answer.Approved);
                json.WriteTime("expires"u8, answer.ExpiresAt);
                json.WriteString("by"u8, answer.By);
                json.WriteString("reason"u8, answer.Reason);
                break;
            case LedgerEvent.Granted granted:
                Write(json, granted);
                break;
            case LedgerEvent.GrantRevoked revoked:
                json.WriteString("type"u8, LineTypes.GrantRevoked);
                json.WriteString("grant"u8, revoked.Grant.Value);
                json.WriteString("by"u8, revoked.By);
                json.WriteString("reason"u8, revoked.Reason);
                break;
            default:
                throw new UnreachableException();
        }
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

    private static void Write(Utf8JsonWriter json, LedgerEvent.SellerSigned signed)
    {
        json.WriteString("type"u8, LineTypes.SellerSigned);
        json.WriteString("payment"u8, signed.Payment.Value);
        json.WriteStartObject("paper"u8);
        json.WriteString("kind"u8, signed.Paper.Kind);
        json.WriteString("verdict"u8, signed.Paper.Verdict);
        json.WriteOptional("why"u8, signed.Paper.Why);
        json.WriteOptional("signer"u8, signed.Paper.Signer);
        json.WriteString("text"u8, signed.Paper.Text);
        json.WriteEndObject();
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
        ContextFields.Write(json, refused.Figures);
        ContextFields.Write(json, refused.Context);
    }

    private static void Write(Utf8JsonWriter json, LedgerEvent.ApprovalRequested asked)
    {
        var question = asked.Question;
        json.WriteString("type"u8, LineTypes.ApprovalRequested);
        json.WriteString("approval"u8, asked.Approval.Value);
        json.WriteString("agent"u8, question.Agent.Value);
        json.WriteWord("binding"u8, question.Binding);
        json.WriteStartArray("causes"u8);
        foreach (var (cause, word) in JournalWords.Causes)
        {
            if (question.Causes.HasFlag(cause))
            {
                json.WriteStringValue(word);
            }
        }

        json.WriteEndArray();
        json.WriteString("rule"u8, question.Rule);
        json.WriteNumber("holdMs"u8, question.Hold.Ticks / TimeSpan.TicksPerMillisecond);
        json.WriteNumber("validMs"u8, question.ValidFor.Ticks / TimeSpan.TicksPerMillisecond);
        json.WriteTime("expires"u8, asked.ExpiresAt);
        ContextFields.Write(json, asked.Figures);
        ContextFields.Write(json, asked.Context);
    }

    private static void Write(Utf8JsonWriter json, LedgerEvent.Granted granted)
    {
        json.WriteString("type"u8, LineTypes.Granted);
        json.WriteString("grant"u8, granted.Grant.Value);
        json.WriteString("owner"u8, granted.Owner.ToString());
        json.WriteOptional("merchant"u8, granted.Merchant);
        json.WriteDigits("value"u8, granted.Amount.Micros);
        json.WriteTime("expires"u8, granted.ExpiresAt);
        json.WriteString("by"u8, granted.By);
        json.WriteString("reason"u8, granted.Reason);
    }

    private static void WriteFreeze(Utf8JsonWriter json, string? agent, string by, string reason)
    {
        json.WriteOptional("agent"u8, agent);
        json.WriteString("by"u8, by);
        json.WriteString("reason"u8, reason);
    }
}
