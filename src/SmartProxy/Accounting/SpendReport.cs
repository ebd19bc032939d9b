using System.Globalization;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting;

/// <summary>
/// <c>report</c>: who spent what in a month, for charging it back. Paid is what settled by the word of a seller, of the chain or of an operator; held
/// is what may still be charged. Nothing else is summed.
/// </summary>
internal static class SpendReport
{
    private static readonly Dictionary<string, Func<PaymentFacts, PaymentContext, string?>> Fields = new(StringComparer.Ordinal)
    {
        ["agent"] = (facts, _) => facts.Agent.Value,
        ["group"] = (facts, _) => facts.Group,
        ["policy"] = (facts, _) => facts.Policy,
        ["merchant"] = (facts, _) => facts.Merchant,
        ["category"] = (facts, _) => facts.Category,
        ["network"] = (facts, _) => NetworkNames.ShortNameOf(facts.Network),
        ["asset"] = (_, context) => context.AssetSymbol,
        ["host"] = (facts, _) => facts.Origin.Authority,
        ["wallet"] = (_, context) => context.Wallet,
    };

    public static string Expected => $"{string.Join(", ", Fields.Keys)}, or the name of a tag";

    /// <param name="book">The month.</param>
    /// <param name="by">A field, or else a tag's name.</param>
    public static IReadOnlyList<SpendRow> Rows(MonthBook book, string by)
    {
        var keyOf = Fields.GetValueOrDefault(by) ?? ((_, context) => context.Tags.GetValueOrDefault(by));
        var paid = book.Payments
            .Where(payment => payment.IsPaid || payment.IsHeld)
            .Select(payment => (Key: keyOf(payment.Reserved.Facts, payment.Reserved.Context), payment.IsPaid, payment.Value));
        var refused = book.Refusals
            .Select(entry => (Key: KeyOf(entry.Refused, by, keyOf), entry.Refused.Count))
            .GroupBy(entry => entry.Key ?? "")
            .ToDictionary(group => group.Key, group => group.Sum(entry => entry.Count), StringComparer.Ordinal);
        var rows = paid.GroupBy(entry => entry.Key ?? "").Select(group => new SpendRow(
            group.Key,
            group.Count(entry => entry.IsPaid),
            Sum(group.Where(entry => entry.IsPaid).Select(entry => entry.Value)),
            group.Count(entry => !entry.IsPaid),
            Sum(group.Where(entry => !entry.IsPaid).Select(entry => entry.Value)),
            refused.GetValueOrDefault(group.Key))).ToList();
        rows.AddRange(refused.Where(entry => rows.All(row => row.Key != entry.Key)).Select(entry => new SpendRow(entry.Key, 0, Usd.Zero, 0, Usd.Zero, entry.Value)));
        return [.. rows.OrderBy(row => row.Key, StringComparer.Ordinal)];
    }

    public static void WriteCsv(TextWriter output, Month month, string by, IReadOnlyList<SpendRow> rows)
    {
        output.WriteLine(Csv.Line("month", by, "payments", "paid_usd", "held_payments", "held_usd", "refused"));
        foreach (var row in rows)
        {
            output.WriteLine(Csv.Line(month.ToString(), row.Key, Number(row.Payments), row.Paid.ToString(), Number(row.HeldPayments), row.Held.ToString(), Number(row.Refused)));
        }
    }

    public static void WriteJson(Utf8JsonWriter json, Month month, string by, IReadOnlyList<SpendRow> rows)
    {
        json.WriteStartObject();
        json.WriteString("month", month.ToString());
        json.WriteString("timeZone", month.Zone.Id);
        json.WriteString("by", by);
        json.WriteStartArray("rows");
        foreach (var row in rows)
        {
            json.WriteStartObject();
            json.WriteString("key", row.Key);
            json.WriteNumber("payments", row.Payments);
            json.WriteString("paid", row.Paid.ToString());
            json.WriteNumber("heldPayments", row.HeldPayments);
            json.WriteString("held", row.Held.ToString());
            json.WriteNumber("refused", row.Refused);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static IReadOnlyList<IReadOnlyList<string>> Columns(IReadOnlyList<SpendRow> rows) =>
        [.. rows.Select(row => new[] { row.Key.Length == 0 ? "-" : row.Key, Number(row.Payments), row.Paid.ToString(), Number(row.HeldPayments), row.Held.ToString(), Number(row.Refused) })];

    // A refusal knows its agent and its request; what the policy would have said of it was not recorded.
    private static string? KeyOf(LedgerEvent.Refused refused, string by, Func<PaymentFacts, PaymentContext, string?> keyOf)
    {
        var facts = new PaymentFacts(refused.Agent, null, null, refused.Context.Origin, null, null, refused.Figures.Network ?? default, default, default, Usd.Zero);
        return by == "network" && refused.Figures.Network is null ? null : keyOf(facts, refused.Context);
    }

    private static Usd Sum(IEnumerable<Usd> values) => values.Aggregate(Usd.Zero, (sum, value) => sum.Plus(value));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <param name="Key">What the row is about; empty for payments without it.</param>
/// <param name="Payments">How many settled.</param>
/// <param name="Paid">What they were worth.</param>
/// <param name="HeldPayments">How many may still be charged.</param>
/// <param name="Held">What they are worth.</param>
/// <param name="Refused">How often a payment was refused.</param>
internal sealed record SpendRow(string Key, int Payments, Usd Paid, int HeldPayments, Usd Held, int Refused);
