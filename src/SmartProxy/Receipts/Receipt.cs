using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using static SmartProxy.Receipts.ReceiptFields;

namespace SmartProxy.Receipts;

/// <summary>
/// The payload of a receipt: one JSON object, ASCII only, members in a fixed order; <c>docs/receipts.md</c> explains every one.
/// Amounts are digits in text, dollars decimal text, times RFC 3339 in UTC.
/// </summary>
internal static class Receipt
{
    public const int Version = 1;

    /// <summary>The format of every time in a receipt.</summary>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private const int MaxPath = 2048;

    /// <exception cref="InvalidOperationException">The nonce doesn't commit to the decision record, or a payment without a reservation: a broken invariant.</exception>
    public static byte[] Write(ReceiptFacts facts, DateTimeOffset issuedAt)
    {
        Check(facts);
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("v", Version);
            json.WriteString("id", ReceiptId.Of(facts.Payment, facts.Number));
            WriteText(json, "supersedes", facts.IsFinal ? ReceiptId.Of(facts.Payment, facts.Number - 1) : null);
            json.WriteString("outcome", WordOf(facts.Outcome));
            WriteWho(json, facts);
            WriteWhat(json, facts);
            WriteTerms(json, facts);
            WriteDecision(json, facts);
            WritePayment(json, facts);
            WriteText(json, "decisionRecord", facts.Reserved?.DecisionRecord);
            ReceiptSettlement.Write(json, facts);
            WriteTime(json, "decidedAt", facts.DecidedAt);
            WriteTime(json, "finishedAt", facts.FinishedAt);
            WriteTime(json, "issuedAt", issuedAt);
            WriteLedger(json, facts);
            json.WriteNumber("count", facts.Count);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static string WordOf(ReceiptOutcome outcome) => outcome switch
    {
        ReceiptOutcome.Paid => "paid",
        ReceiptOutcome.Refused => "refused",
        ReceiptOutcome.Failed => "failed",
        ReceiptOutcome.InDoubt => "in_doubt",
    };

    private static void Check(ReceiptFacts facts)
    {
        if (facts.Reserved is not { } reserved)
        {
            if (facts.Outcome is ReceiptOutcome.Paid or ReceiptOutcome.InDoubt)
            {
                throw new InvalidOperationException($"payment `{facts.Payment}` is {WordOf(facts.Outcome)} without a reservation");
            }

            return;
        }

        if (Bytes32.Keccak256(Encoding.UTF8.GetBytes(reserved.DecisionRecord)) != reserved.Authorization.Nonce)
        {
            throw new InvalidOperationException($"the nonce of payment `{facts.Payment}` doesn't commit to its decision record");
        }
    }

    private static void WriteWho(Utf8JsonWriter json, ReceiptFacts facts)
    {
        json.WriteString("agent", facts.Agent.Value);
        WriteText(json, "group", facts.Group);
        WriteText(json, "policy", facts.Policy);
        json.WriteStartObject("tags");
        foreach (var (name, value) in facts.Context.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        WriteText(json, "merchant", facts.Merchant);
        WriteText(json, "category", facts.Category);
    }

    private static void WriteWhat(Utf8JsonWriter json, ReceiptFacts facts)
    {
        json.WriteString("method", Bounded(facts.Context.Method, MaxSellerText));
        json.WriteString("origin", facts.Context.Origin.ToString());

        // INVARIANT: a query never gets into a receipt, whatever a caller takes for a path.
        json.WriteString("path", Bounded(facts.Context.Path.Split('?', 2)[0], MaxPath));
        WriteText(json, "queryHmac", facts.Context.QueryHmac);
        json.WriteString("requestDigest", facts.RequestDigest.ToString());
        WriteText(json, "responseDigest", facts.ResponseDigest?.ToString());
    }

    private static void WriteTerms(Utf8JsonWriter json, ReceiptFacts facts)
    {
        json.WriteStartObject("terms");
        json.WriteString("hash", facts.TermsHash.ToString());
        json.WriteString("rail", facts.Context.Rail);
        json.WriteNumber("version", facts.Context.ProtocolVersion);
        WriteText(json, "scheme", facts.Context.Scheme);
        json.WriteEndObject();
    }

    private static void WriteDecision(Utf8JsonWriter json, ReceiptFacts facts)
    {
        json.WriteStartObject("decision");
        json.WriteString("rule", facts.Context.Rule);
        WriteText(json, "policyHash", facts.PolicyHash?.ToString());
        WriteText(json, "reason", facts.Reason);
        if (facts.Figures is { } figures)
        {
            WriteFigures(json, new ReceiptLimit("", figures.Limit, figures.Spent, figures.Held, figures.Remaining, figures.ResetsAt));
            if (figures.PassesAt is { } passesAt)
            {
                json.WriteNumber("passesAt", passesAt);
            }
        }

        DecisionTrace.Write(json, facts.Context.Trace);
        json.WriteStartArray("limits");
        foreach (var limit in facts.Limits)
        {
            json.WriteStartObject();
            json.WriteString("id", limit.Id);
            WriteFigures(json, limit);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteText(json, "approval", facts.Approval?.Value);
        WriteGrants(json, facts.Grants);
        json.WriteEndObject();
    }

    private static void WriteGrants(Utf8JsonWriter json, IReadOnlyList<GrantUse> grants)
    {
        if (grants.Count == 0)
        {
            return;
        }

        json.WriteStartArray("grants");
        foreach (var grant in grants)
        {
            json.WriteStartObject();
            json.WriteString("id", grant.Grant.Value);
            json.WriteString("amount", grant.Amount.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFigures(Utf8JsonWriter json, ReceiptLimit limit)
    {
        WriteText(json, "limit", limit.Limit?.ToString());
        WriteText(json, "spent", limit.Spent?.ToString());
        WriteText(json, "held", limit.Held?.ToString());
        WriteText(json, "remaining", limit.Remaining?.ToString());
        WriteTime(json, "resetsAt", limit.ResetsAt);
    }

    // What was reserved; for a refusal what was asked, and then no payer and no nonce.
    private static void WritePayment(Utf8JsonWriter json, ReceiptFacts facts)
    {
        var (authorization, asked) = (facts.Reserved?.Authorization, facts.Figures);
        var terms = authorization?.Terms;
        json.WriteStartObject("payment");
        WriteText(json, "network", (terms?.Chain ?? asked?.Network)?.ToString());
        WriteText(json, "asset", (terms?.Asset ?? asked?.Asset)?.ToString());
        WriteText(json, "symbol", facts.Context.AssetSymbol);
        WriteText(json, "amount", terms?.Value.ToString() ?? asked?.Amount);
        WriteText(json, "usd", (facts.Reserved?.Value ?? asked?.Price)?.ToString());
        WriteText(json, "usdPerToken", facts.UsdPerToken?.ToString());
        WriteText(json, "payTo", (terms?.To ?? asked?.PayTo)?.ToString());
        WriteText(json, "from", terms?.From.ToString());
        WriteText(json, "nonce", authorization?.Nonce.ToString());
        WriteText(json, "validBefore", terms?.ValidBefore.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private static void WriteLedger(Utf8JsonWriter json, ReceiptFacts facts)
    {
        json.WriteStartObject("ledger");
        WriteLine(json, "reserve", facts.ReserveLine);
        WriteLine(json, "outcome", facts.OutcomeLine);
        json.WriteEndObject();
    }

    private static void WriteLine(Utf8JsonWriter json, string name, LedgerLine? line)
    {
        if (line is not null)
        {
            json.WriteStartObject(name);
            json.WriteNumber("sequence", line.Sequence);
            json.WriteString("hash", line.Hash.ToHex());
            json.WriteEndObject();
        }
    }
}
