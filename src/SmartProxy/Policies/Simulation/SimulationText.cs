using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SmartProxy.Text;

namespace SmartProxy.Policies.Simulation;

/// <summary>A simulation's outcome for people and for programs.</summary>
internal static class SimulationText
{
    private const int MaxShown = 50;

    public static string ToText(SimulationReport report, TimeSpan elapsed)
    {
        var text = new StringBuilder();
        var from = report.Since == DateTimeOffset.MinValue ? "all of them" : string.Create(CultureInfo.InvariantCulture, $"since {report.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        text.AppendLine(CultureInfo.InvariantCulture, $"{report.Decisions} recorded decisions ({from}) under policy {report.Policy}, in {elapsed.TotalSeconds:F1} s");
        Section(text, report, DifferenceKind.NewlyRefused, "would have been refused", "was paid");
        Section(text, report, DifferenceKind.NewlyAllowed, "would have been paid", "was refused");
        Section(text, report, DifferenceKind.AsksPerson, "would have asked a person", null);
        text.AppendLine(CultureInfo.InvariantCulture, $"unchanged: {Words(report.StillPaid)} paid, {Words(report.StillRefused)} refused");
        Counts(text, "refused for reasons that no policy decides", report.OutsideByReason);
        Counts(text, "not simulated, because the record does not say enough", report.NotRebuiltByReason);
        if (report.Repetitions > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{report.Repetitions} repetitions of refusals within a minute are not summed");
        }

        return text.ToString();
    }

    public static string ToJson(SimulationReport report)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("policy", report.Policy.ToString());
            json.WriteString("since", report.Since == DateTimeOffset.MinValue ? null : report.Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            json.WriteNumber("decisions", report.Decisions);
            Write(json, "newlyRefused", report.Of(DifferenceKind.NewlyRefused));
            Write(json, "newlyAllowed", report.Of(DifferenceKind.NewlyAllowed));
            Write(json, "asksPerson", report.Of(DifferenceKind.AsksPerson));
            Write(json, "stillPaid", report.StillPaid);
            Write(json, "stillRefused", report.StillRefused);
            Write(json, "outsidePolicy", report.OutsideByReason);
            Write(json, "notSimulated", report.NotRebuiltByReason);
            json.WriteNumber("repetitions", report.Repetitions);
            json.WriteStartArray("differences");
            foreach (var (difference, tally) in report.Differences)
            {
                json.WriteStartObject();
                json.WriteString("kind", Payments.Words.Of(difference.Kind));
                json.WriteString("agent", difference.Agent.Value);
                json.WriteString("merchant", difference.Merchant);
                json.WriteString("reason", difference.Reason);
                json.WriteString("rule", difference.Rule);
                json.WriteNumber("payments", tally.Payments);
                json.WriteString("value", tally.Value.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Section(StringBuilder text, SimulationReport report, DifferenceKind kind, string what, string? was)
    {
        var lines = report.Differences.Where(entry => entry.Difference.Kind == kind).ToList();
        text.AppendLine(CultureInfo.InvariantCulture, $"{what}: {Words(report.Of(kind))}");
        foreach (var (difference, tally) in lines.Take(MaxShown))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {difference.Agent} at {Printable.Line(difference.Merchant, 80)}: {Words(tally)}; {Because(difference, was)}");
        }

        if (lines.Count > MaxShown)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  and {lines.Count - MaxShown} more: see --json");
        }
    }

    private static string Because(Difference difference, string? was) => was switch
    {
        "was refused" => $"was refused: {difference.Reason}; now by {Printable.Line(difference.Rule, 120)}",
        "was paid" => $"{difference.Reason} by {Printable.Line(difference.Rule, 120)}",
        _ => $"asked by {Printable.Line(difference.Rule, 120)} (was {difference.Reason})",
    };

    private static void Counts(StringBuilder text, string what, IReadOnlyDictionary<string, long> counts)
    {
        if (counts.Count > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{what}: {counts.Values.Sum()} ({string.Join(", ", counts.Select(count => $"{count.Key} {count.Value}"))})");
        }
    }

    private static string Words(Tally tally) => string.Create(CultureInfo.InvariantCulture, $"{tally.Payments} {(tally.Payments == 1 ? "payment" : "payments")}, {tally.Value} USD");

    private static void Write(Utf8JsonWriter json, string name, Tally tally)
    {
        json.WriteStartObject(name);
        json.WriteNumber("payments", tally.Payments);
        json.WriteString("value", tally.Value.ToString());
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, long> counts)
    {
        json.WriteStartObject(name);
        foreach (var (reason, count) in counts)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
    }
}
