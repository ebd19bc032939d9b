using LiteDB;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>A payment or a refusal as it is listed and searched.</summary>
/// <param name="Id">The payment or decision.</param>
/// <param name="Sequence">Number of the line that began it; newer ones are larger.</param>
/// <param name="At">When it began.</param>
/// <param name="Agent">Who asked.</param>
/// <param name="Merchant">The operator's name for the origin, or the origin's host.</param>
/// <param name="Outcome"><c>reserved</c>, <c>sent</c>, <c>settled</c>, <c>in_doubt</c>, <c>voided</c>, <c>aborted</c> or <c>refused</c>. What is proven never to have settled is <c>aborted</c> too: no money moved.</param>
/// <param name="Reason">Why it was refused, aborted, or is in doubt; null otherwise.</param>
/// <param name="Value">Dollar value, where it is known.</param>
/// <param name="Network">The chain, where it is known.</param>
/// <param name="PayTo">The recipient, where it is known.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Origin">Scheme, host and port.</param>
/// <param name="Path">Path without query.</param>
/// <param name="Rule">Words of the rule that decided.</param>
/// <param name="Transaction">The transaction that the seller claims, if any.</param>
internal sealed record PaymentDocument(
    PaymentId Id,
    long Sequence,
    DateTimeOffset At,
    AgentId Agent,
    string Merchant,
    string Outcome,
    string? Reason,
    Usd? Value,
    string? Network,
    string? PayTo,
    string Method,
    string Origin,
    string Path,
    string Rule,
    string? Transaction)
{
    /// <summary>Who says so: <c>claimed</c> by the seller, <c>proven</c> by the chain, or <c>attested</c> by an operator; null while nobody says anything.</summary>
    public string? Settlement { get; init; }

    /// <summary>Why what came is not what was promised: <c>status</c>, or a word of <see cref="LedgerEvent.Undelivered"/>; null when it is.</summary>
    public string? Undelivered { get; init; }

    /// <summary>Token units that came back; null when none did.</summary>
    public string? Refunded { get; init; }

    /// <summary>Number of the line that told the outcome; 0 before.</summary>
    public long OutcomeSequence { get; init; }

    public static PaymentDocument From(JournalEntry.Reserved entry, JournalLine line) => new(
        entry.Id, line.Sequence, line.At, entry.Facts.Agent, entry.Facts.Merchant ?? entry.Facts.Origin.Host.Value, "reserved", null, entry.Facts.Value,
        entry.Facts.Network.ToString(), entry.Facts.PayTo.ToString(), entry.Context.Method, entry.Context.Origin.ToString(), entry.Context.Path,
        entry.Context.Rule, null);

    public static PaymentDocument From(LedgerEvent.Refused entry, JournalLine line) => new(
        entry.Decision, line.Sequence, line.At, entry.Agent, entry.Context.Origin.Host.Value, "refused", entry.Reason, entry.Figures.Price,
        entry.Figures.Network?.ToString(), entry.Figures.PayTo?.ToString(), entry.Context.Method, entry.Context.Origin.ToString(), entry.Context.Path,
        entry.Context.Rule, null);

    // Keys to page by end in the number, so that one index serves a filter and its order.
    public BsonDocument ToBson() => new()
    {
        ["_id"] = Id.Value,
        ["seq"] = Sequence,
        ["byAgent"] = Key(Agent.Value, Sequence),
        ["byMerchant"] = Key(Merchant, Sequence),
        ["byOutcome"] = Key(Outcome, Sequence),
        ["at"] = (At - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
        ["agent"] = Agent.Value,
        ["merchant"] = Merchant,
        ["outcome"] = Outcome,
        ["reason"] = Reason,
        ["value"] = Value?.Micros.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["network"] = Network,
        ["payTo"] = PayTo,
        ["method"] = Method,
        ["origin"] = Origin,
        ["path"] = Path,
        ["rule"] = Rule,
        ["transaction"] = Transaction,
        ["settlement"] = Settlement,
        ["undelivered"] = Undelivered,
        ["refunded"] = Refunded,
        ["outcomeSeq"] = OutcomeSequence,
    };

    public static PaymentDocument From(BsonDocument bson) => new(
        PaymentId.Parse(bson["_id"].AsString), bson["seq"].AsInt64, DateTimeOffset.UnixEpoch.AddMicroseconds(bson["at"].AsInt64), new AgentId(bson["agent"].AsString),
        bson["merchant"].AsString, bson["outcome"].AsString, Text(bson["reason"]),
        TokenAmount.TryParse(Text(bson["value"]), out var micros) ? new Usd(micros.Units) : null,
        Text(bson["network"]), Text(bson["payTo"]), bson["method"].AsString, bson["origin"].AsString, bson["path"].AsString, bson["rule"].AsString,
        Text(bson["transaction"]))
    {
        Settlement = Text(bson["settlement"]),
        Undelivered = Text(bson["undelivered"]),
        Refunded = Text(bson["refunded"]),
        OutcomeSequence = bson["outcomeSeq"].IsInt64 ? bson["outcomeSeq"].AsInt64 : 0,
    };

    public static string Key(string value, long sequence) => $"{value}/{sequence:D19}";

    private static string? Text(BsonValue value) => value.IsNull ? null : value.AsString;
}
