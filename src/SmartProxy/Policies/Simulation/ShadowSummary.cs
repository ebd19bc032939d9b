using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Policies.Simulation;

/// <summary><c>smartproxy policy shadow</c>: how often the candidate beside the policy in force said something else, from the journal.</summary>
internal sealed class ShadowSummary(DateTimeOffset since)
{
    private readonly Dictionary<Disagreement, Tally> _disagreements = [];
    private readonly Dictionary<PaymentId, int> _told = [];

    /// <summary>Decisions that a candidate was asked about.</summary>
    public Tally Asked { get; private set; }

    /// <summary>Decisions without a candidate, or where it did not answer.</summary>
    public long NotAsked { get; private set; }

    public IReadOnlyList<(Disagreement Disagreement, Tally Tally)> Disagreements =>
        [.. _disagreements.Select(entry => (entry.Key, entry.Value))
            .OrderBy(entry => entry.Key.WasPaid ? 0 : 1).ThenByDescending(entry => entry.Value.Value).ThenByDescending(entry => entry.Value.Payments)
            .ThenBy(entry => entry.Key.Agent.Value, StringComparer.Ordinal).ThenBy(entry => entry.Key.Merchant, StringComparer.Ordinal)];

    public static int Run(string dataFolder, DateTimeOffset? since, bool json, TextWriter output, ProgressBar progress)
    {
        var summary = new ShadowSummary(since ?? DateTimeOffset.MinValue);
        try
        {
            RecordedJournal.Read(dataFolder, summary.Take, progress.Show);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            progress.Clear();
            output.WriteLine($"expected the data folder of an installation, found: {unreadable.Message.ReplaceLineEndings(" ")}");
            return PolicySimulate.Unreadable;
        }

        progress.Clear();
        output.Write(json ? summary.ToJson() : summary.ToText());
        return PolicySimulate.Done;
    }

    /// <summary>Takes the journal's lines in order.</summary>
    public void Take(JournalLine line)
    {
        var decision = line.At < since ? null : line.Entry switch
        {
            JournalEntry.Reserved paid => RecordedDecision.Of(paid, line.At),
            JournalEntry.Recorded { Event: LedgerEvent.Refused refused } when _told.TryAdd(refused.Decision, refused.Count) => RecordedDecision.Of(refused, line.At),
            _ => null, // the number of a refusal that was told already, or no decision
        };
        if (decision is null)
        {
            return;
        }

        if (decision.Context.Shadow is not { } said)
        {
            NotAsked++;
            return;
        }

        Asked = Asked.Plus(decision.Value);
        if (said.Allowed != decision.Reason is null)
        {
            var key = new Disagreement(decision.Agent, decision.Merchant, decision.Reason is null, said.Reason ?? decision.Reason!, said.Rule);
            _disagreements[key] = _disagreements.GetValueOrDefault(key).Plus(decision.Value);
        }
    }

    public string ToText()
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        text.WriteLine($"the shadow was asked about {Asked.Payments} decisions, and not about {NotAsked}");
        Section("paid, and the shadow would have refused", wasPaid: true, "");
        Section("refused, and the shadow would have paid", wasPaid: false, "was ");
        return text.ToString();

        void Section(string what, bool wasPaid, string before)
        {
            var lines = Disagreements.Where(entry => entry.Disagreement.WasPaid == wasPaid).ToList();
            var sum = lines.Aggregate(default(Tally), (sum, entry) => new Tally(sum.Payments + entry.Tally.Payments, sum.Value.Plus(entry.Tally.Value)));
            text.WriteLine($"{what}: {sum.Payments} decisions, {sum.Value} USD");
            foreach (var ((agent, merchant, _, reason, rule), tally) in lines)
            {
                text.WriteLine($"  {agent} at {Printable.Line(merchant, 80)}: {tally.Payments} decisions, {tally.Value} USD; {before}{reason}, by {Printable.Line(rule, 120)}");
            }
        }
    }

    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("asked", Asked.Payments);
            json.WriteNumber("notAsked", NotAsked);
            json.WriteStartArray("disagreements");
            foreach (var ((agent, merchant, wasPaid, reason, rule), tally) in Disagreements)
            {
                json.WriteStartObject();
                json.WriteString("agent", agent.Value);
                json.WriteString("merchant", merchant);
                json.WriteBoolean("wasPaid", wasPaid);
                json.WriteString("reason", reason);
                json.WriteString("rule", rule);
                json.WriteNumber("decisions", tally.Payments);
                json.WriteString("value", tally.Value.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <param name="Agent">Who asked.</param>
    /// <param name="Merchant">The seller.</param>
    /// <param name="WasPaid">Whether the policy in force paid; the shadow said the opposite.</param>
    /// <param name="Reason">The refusal's stable word, whoever refused.</param>
    /// <param name="Rule">The shadow's deciding rule.</param>
    internal readonly record struct Disagreement(AgentId Agent, string Merchant, bool WasPaid, string Reason, string Rule);
}
