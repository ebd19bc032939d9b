using System.Buffers;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// Writes entries as journal lines: one JSON object each, members in a fixed order, ended by a line feed. Keeps the chain: numbers and
/// previous hashes follow from what was written before. The format is <c>docs/journal.md</c>.
/// </summary>
public sealed class JournalWriter(long sequence, Bytes32 head)
{
    public const int Version = 1;

    private readonly ArrayBufferWriter<byte> _line = new(4096);
    private Utf8JsonWriter? _json;

    /// <summary>Number of the last line; 0 before the first.</summary>
    public long Sequence { get; private set; } = sequence;

    /// <summary>SHA-256 of the last line; zeros before the first.</summary>
    public Bytes32 Head { get; private set; } = head;

    /// <summary>Appends one line to <paramref name="output"/>.</summary>
    /// <param name="entry">What happened.</param>
    /// <param name="at">When, in whole microseconds.</param>
    /// <param name="output">Receives the line and its line feed.</param>
    public JournalLine Append(JournalEntry entry, DateTimeOffset at, IBufferWriter<byte> output)
    {
        var (previous, number) = (Head, Sequence + 1);
        Compose(number, previous, at, entry);

        var hash = Bytes32.Sha256(_line.WrittenSpan);
        output.Write(_line.WrittenSpan);
        output.Write("\n"u8);
        (Sequence, Head) = (number, hash);
        return new JournalLine(number, previous, at, entry, hash);
    }

    private void Compose(long number, Bytes32 previous, DateTimeOffset at, JournalEntry entry)
    {
        _line.ResetWrittenCount();
        var json = _json ??= new Utf8JsonWriter(_line, JsonFields.Options);
        json.Reset(_line);
        json.WriteStartObject();
        json.WriteNumber("v"u8, Version);
        json.WriteNumber("seq"u8, number);
        json.WriteLineHash("prev"u8, previous);
        json.WriteTime("at"u8, at);
        Write(json, entry);
        json.WriteEndObject();
        json.Flush();
    }

    private static void Write(Utf8JsonWriter json, JournalEntry entry)
    {
        switch (entry)
        {
            case JournalEntry.Opened opened:
                json.WriteString("type"u8, LineTypes.Opened);
                json.WriteWord("journal"u8, opened.Journal);
                break;
            case JournalEntry.Reserved reserved:
                json.WriteString("type"u8, LineTypes.Reserved);
                Write(json, reserved);
                break;
            case JournalEntry.Recorded recorded:
                EventFields.Write(json, recorded.Event);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, JournalEntry.Reserved entry)
    {
        json.WriteString("payment"u8, entry.Id.Value);
        json.WriteWord("policy"u8, entry.PolicyHash);
        json.WriteString("record"u8, entry.DecisionRecord);
        Write(json, entry.Authorization);
        Write(json, entry.Facts);
        json.WriteStartArray("lines"u8);
        foreach (var line in entry.Lines)
        {
            Write(json, line);
        }

        json.WriteEndArray();
        json.WriteOptional("approval"u8, entry.Approval?.Value);
        Write(json, entry.Grants);
        json.WriteWord("terms"u8, entry.TermsHash);
        json.WriteWord("request"u8, entry.RequestDigest);
        json.WriteWord("logical"u8, entry.LogicalRequest);
        json.WriteBoolean("key"u8, entry.HasIdempotencyKey);
        json.WriteBoolean("safe"u8, entry.IsSafeMethod);
        json.WriteBoolean("pin"u8, entry.PinsRecipient);
        ContextFields.Write(json, entry.Context);
    }

    private static void Write(Utf8JsonWriter json, TransferAuthorization authorization)
    {
        var terms = authorization.Terms;
        json.WriteStartObject("authorization"u8);
        json.WriteString("chain"u8, terms.Chain.ToString());
        json.WriteAddress("asset"u8, terms.Asset);
        json.WriteString("name"u8, terms.DomainName);
        json.WriteString("version"u8, terms.DomainVersion);
        json.WriteAddress("from"u8, terms.From);
        json.WriteAddress("to"u8, terms.To);
        json.WriteDigits("value"u8, terms.Value.Units);
        json.WriteNumber("validAfter"u8, terms.ValidAfter);
        json.WriteNumber("validBefore"u8, terms.ValidBefore);
        json.WriteWord("nonce"u8, authorization.Nonce);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LimitFigures line)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, line.Id);
        json.WriteDigits("limit"u8, line.Limit.Units);
        json.WriteDigits("spent"u8, line.Spent.Units);
        json.WriteDigits("held"u8, line.Held.Units);
        json.WriteMeasure(line.Limit.Measure);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<GrantUse> grants)
    {
        if (grants.Count == 0)
        {
            return;
        }

        json.WriteStartArray("grants"u8);
        foreach (var use in grants)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, use.Grant.Value);
            json.WriteDigits("amount"u8, use.Amount.Micros);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    // Chain, asset and recipient stand in the authorization, the origin in the context: each fact is written once.
    private static void Write(Utf8JsonWriter json, PaymentFacts facts)
    {
        json.WriteStartObject("facts"u8);
        json.WriteString("agent"u8, facts.Agent.Value);
        json.WriteOptional("group"u8, facts.Group);
        json.WriteOptional("policy"u8, facts.Policy);
        json.WriteOptional("merchant"u8, facts.Merchant);
        json.WriteOptional("category"u8, facts.Category);
        json.WriteDigits("value"u8, facts.Value.Micros);
        json.WriteEndObject();
    }
}
