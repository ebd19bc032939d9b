using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>
/// How a decision came about, as receipts, <c>policy explain</c>, <c>quote</c> and <c>why</c> all show it: which rule said what, with which
/// figures, in the order of the decision; a refusal is the last step.
/// </summary>
internal static class DecisionTrace
{
    /// <summary>What came of an offer that policy allowed and the ledger refused: the steps of the policy, and the refusal.</summary>
    public static IReadOnlyList<TraceStep> Refused(IReadOnlyList<TraceStep> steps, string rule, string detail) => [.. steps, new TraceStep(rule, TraceSaying.Refuses, detail)];

    /// <summary>The same for a person who is asked.</summary>
    public static IReadOnlyList<TraceStep> Asked(IReadOnlyList<TraceStep> steps, string rule, string detail) => [.. steps, new TraceStep(rule, TraceSaying.Asks, detail)];

    /// <summary>A denied verdict's steps; one that has none says at least which rule refused.</summary>
    public static IReadOnlyList<TraceStep> Of(Verdict.Denied denied) =>
        denied.Trace is [.., { Saying: TraceSaying.Refuses }] whole ? whole : Refused(denied.Trace, denied.Rule, Words.Of(denied.Reason));

    /// <summary>The ledger's refusal, after everything that policy said.</summary>
    public static IReadOnlyList<TraceStep> Of(Verdict.Allowed verdict, ReserveOutcome.Refused refused) => refused.Reason switch
    {
        ReserveRefusal.BudgetExceeded or ReserveRefusal.CountExceeded when refused.Line is { } usage =>
            Refused(verdict.Trace, usage.Line.Id, $"{usage.Remaining.ToWords()} left of {usage.Line.Limit.ToWords()} ({usage.Spent} spent, {usage.Held} held), asked {Asked(usage, verdict)}"),
        ReserveRefusal.ApprovalPending => Asked(verdict.Trace, refused.Approval?.Rule ?? "-", ApprovalWords.Of(refused.Approval?.Causes ?? ApprovalCauses.None)),
        ReserveRefusal.ApprovalDenied => Refused(verdict.Trace, refused.Approval?.Rule ?? "-", $"a person said no; asked because {ApprovalWords.Of(refused.Approval?.Causes ?? ApprovalCauses.None)}"),
        ReserveRefusal.PriceDrift => Refused(verdict.Trace, refused.Rule ?? "-", $"{verdict.Facts.Value} USD, last time {refused.LastPrice} USD"),
        ReserveRefusal.RecipientChanged => Refused(verdict.Trace, refused.Rule ?? "pin", $"{verdict.Facts.PayTo}, pinned {refused.PinnedRecipient}"),
        _ => Refused(verdict.Trace, refused.Rule ?? refused.Approval?.Rule ?? "-", Words.Of(refused.Reason)),
    };

    /// <summary>The member <c>trace</c>.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<TraceStep> steps)
    {
        json.WriteStartArray("trace");
        foreach (var step in steps)
        {
            json.WriteStartObject();
            json.WriteString("rule", step.Rule);
            json.WriteString("says", Words.Of(step.Saying));
            if (step.Detail is { } detail)
            {
                json.WriteString("detail", detail);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The steps as columns for people, one line each, indented.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<TraceStep> steps)
    {
        var width = steps.Select(step => step.Rule.Length).DefaultIfEmpty().Max();
        return steps.Select(step => $"  {Words.Of(step.Saying),-7}  {step.Rule.PadRight(width)}  {step.Detail}".TrimEnd());
    }

    private static string Asked(LineUsage usage, Verdict.Allowed verdict) =>
        usage.Line.Limit.Measure is SpendMeasure.Dollars ? $"{verdict.Facts.Value} USD" : "1 more";
}
