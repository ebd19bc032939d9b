using System.Globalization;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Policy.Edits;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Text;

namespace SmartProxy.Policies;

/// <summary>
/// <c>smartproxy why</c>: from a receipt to the rule that decided, with its place in the policy that judged and in the one of now, and the smallest
/// edit after which the same request would have passed. The edit is tried on the policy of now where there is one, else on the one that judged.
/// </summary>
internal sealed class ReceiptExplain(AssetRegistry registry)
{
    private const string Archived = "the policy that judged";

    public WhyAnswer Explain(WhyQuestion asked)
    {
        var receipt = ReceiptText.Read(asked.Receipt);
        var judged = asked.Policy is { } archived ? PolicyText.OfArchive(archived.Text, Archived) : null;
        var now = asked.PolicyPath is { } path ? new PolicySource(path).ReadSettled().Text : null;
        var isSame = judged is not null && now is not null && judged.ArchiveBytes.Span.SequenceEqual(now.ArchiveBytes.Span);
        var then = judged is null || isSame ? null : PolicyPlace.Of(judged, receipt.Rule);
        var place = now is null ? null : PolicyPlace.Of(now, receipt.Rule);
        var (repair, advice) = receipt.Outcome == Receipt.WordOf(ReceiptOutcome.Refused) && (now ?? judged) is { } text ? new ReceiptRepair(registry, text, receipt).Find() : (null, null);
        return new WhyAnswer([.. Lines(receipt, place, then, repair, advice)], json => Write(json, receipt, place, then, repair, advice));
    }

    private static IEnumerable<string> Lines(ReceiptText receipt, PolicyPlace? place, PolicyPlace? then, PolicyRepair? repair, string? advice)
    {
        var reason = receipt.Reason is { } word ? $" ({word})" : "";
        yield return $"{receipt.Id}: {receipt.Outcome}{reason}: {Shown(receipt.Price)} USD, {Shown(receipt.Method)} {Shown(receipt.OriginText)}{Shown(receipt.Path)} for {Shown(receipt.Agent)}";
        yield return $"  rule     {Shown(receipt.Rule)}{At(place, then)}";
        if (receipt.Limit is not null)
        {
            yield return $"  figures  {Shown(receipt.Spent)} spent and {Shown(receipt.Held)} held of {receipt.Limit}";
        }

        if (receipt.Trace.Count > 0)
        {
            yield return "trace";
            foreach (var line in DecisionTrace.Lines(receipt.Trace))
            {
                yield return line;
            }
        }

        if (repair is not null)
        {
            yield return "smallest edit that passes";
            foreach (var edit in repair.Edits)
            {
                yield return $"  {edit.File}:{edit.Line}  {edit.Words}";
            }

            if (repair.Verdict is Verdict.Denied still)
            {
                yield return $"  and then it is refused by {still.Rule} ({Words.Of(still.Reason)}), which no edit helps";
            }
        }

        if (advice is not null)
        {
            yield return advice;
        }
    }

    private static string At(PolicyPlace? place, PolicyPlace? then) => (place, then) switch
    {
        ({ } now, null) => $"  {now}",
        ({ } now, { } before) => $"  {now} (line {before.Line} of {Archived})",
        (null, { } before) => $"  line {before.Line} of {Archived}; not in the policy of now",
        _ => "",
    };

    private static string Shown(string? text) => Printable.Line(text ?? "-", 120);

    private static void Write(Utf8JsonWriter json, ReceiptText receipt, PolicyPlace? place, PolicyPlace? then, PolicyRepair? repair, string? advice)
    {
        json.WriteStartObject();
        json.WriteString("id", receipt.Id);
        json.WriteString("outcome", receipt.Outcome);
        json.WriteString("reason", receipt.Reason);
        json.WriteString("rule", receipt.Rule);
        json.WriteString("at", place?.ToString());
        json.WriteString("atThen", then is null ? null : string.Create(CultureInfo.InvariantCulture, $"line {then.Line}"));
        DecisionTrace.Write(json, receipt.Trace);
        json.WriteStartArray("edits");
        foreach (var edit in repair?.Edits ?? [])
        {
            json.WriteStartObject();
            json.WriteString("file", edit.File);
            json.WriteNumber("line", edit.Line);
            json.WriteString("place", edit.Place);
            json.WriteString("words", edit.Words);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("passes", repair is { Verdict: not Verdict.Denied });
        json.WriteString("advice", advice);
        json.WriteEndObject();
    }
}

/// <summary>What <c>why</c> asks.</summary>
/// <param name="Receipt">The receipt: a compact JWS, or the JSON that it says.</param>
/// <param name="Policy">The policy that judged, as the journal keeps it; null where it is not known.</param>
/// <param name="PolicyPath">The policy file of now, or null.</param>
internal sealed record WhyQuestion(string Receipt, LedgerEvent.PolicyActivated? Policy, string? PolicyPath);

/// <summary>The answer in both forms.</summary>
/// <param name="Lines">For people.</param>
/// <param name="WriteJson">For programs.</param>
internal sealed record WhyAnswer(IReadOnlyList<string> Lines, Action<System.Text.Json.Utf8JsonWriter> WriteJson);
