using System.Globalization;
using System.Text.Json;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Policy.Analysis;
using SmartProxy.Protocol;

namespace SmartProxy.Drill;

/// <summary>What sellers got at one place.</summary>
internal sealed class PlaceResult
{
    /// <summary>Charged on the chain.</summary>
    public Usd Taken { get; set; }

    public int Payments { get; set; }

    /// <summary>The highest price that was paid, in micro-dollars.</summary>
    public UInt128? Price { get; set; }

    /// <summary>Whether the process was ended between a signature and its settlement.</summary>
    public bool IsRestarted { get; set; }

    /// <summary>Whether a person was asked.</summary>
    public bool WasAsked { get; set; }

    /// <summary>The last refusal, but for the schedule's where something else stopped them before; null when nothing did.</summary>
    public Refusal? StoppedBy { get; set; }

    /// <summary>The schedule's refusal, while it is the last.</summary>
    public Refusal? ClosedBy { get; private set; }

    /// <summary>Nothing was paid.</summary>
    public void Stop(Refusal? refusal)
    {
        ClosedBy = refusal?.Reason is "outside_schedule" ? refusal : null;
        StoppedBy = ClosedBy is null ? refusal : StoppedBy ?? ClosedBy;
    }
}

/// <summary>What sellers got from one agent.</summary>
/// <param name="Entry">Its entry in the policy.</param>
/// <param name="IsPattern">Whether the entry stands for many agents: each of them can lose as much.</param>
/// <param name="Places">By place.</param>
/// <param name="Requests">Requests that were made.</param>
/// <param name="Signatures">Payments that were signed.</param>
/// <param name="Restarts">How often the process was ended in between.</param>
/// <param name="Passed">Every limit that was passed, in words.</param>
internal sealed record AgentResult(string Entry, bool IsPattern, IReadOnlyDictionary<PayablePlace, PlaceResult> Places, int Requests, int Signatures, int Restarts, IReadOnlyList<string> Passed)
{
    public Usd Taken => Places.Values.Aggregate(Usd.Zero, (sum, place) => sum.Plus(place.Taken));

    /// <summary>Whether a person was asked somewhere.</summary>
    public bool AsksPeople => Places.Values.Any(place => place.WasAsked);

    /// <summary>Nothing stopped them somewhere.</summary>
    public bool IsUnlimited => Places.Values.Any(place => place is { Payments: > 0, StoppedBy: null });
}

/// <summary>One agent of the policy.</summary>
/// <param name="Result">What sellers got while no person agreed to anything.</param>
/// <param name="WithAgreement">… while people agreed to everything; null where nobody was asked.</param>
/// <param name="Worst">The most that the policy lets be signed in a day.</param>
internal sealed record AgentFinding(AgentResult Result, AgentResult? WithAgreement, WorstFigure Worst)
{
    public IEnumerable<AgentResult> Runs => WithAgreement is null ? [Result] : [Result, WithAgreement];

    /// <summary>Every limit that was passed, and a loss above the policy's worst case.</summary>
    public IEnumerable<string> Passed =>
    [
        .. Runs.SelectMany(run => run.Passed).Select(passed => $"agent {Result.Entry}: {passed}"),
        .. Runs.Where(run => Worst.Most is { } most && run.Taken > most).Select(run => $"agent {Result.Entry}: {run.Taken} USD were taken in a day, and the policy's worst case is {Worst}"),
    ];
}

/// <summary>The outcome of a drill, for people and for programs.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Agents">The agents that may pay somewhere.</param>
/// <param name="Idle">The entries of those that may pay nowhere.</param>
/// <param name="At">When.</param>
internal sealed record DrillReport(PolicySet Policy, IReadOnlyList<AgentFinding> Agents, IReadOnlyList<string> Idle, DateTimeOffset At)
{
    private const int MaxLabels = 6;

    public IReadOnlyList<string> Passed => [.. Agents.SelectMany(agent => agent.Passed)];

    private IEnumerable<AgentResult> Runs => Agents.SelectMany(agent => agent.Runs);

    public void WriteText(TextWriter output)
    {
        foreach (var finding in Agents)
        {
            var result = finding.Result;
            output.WriteLine($"agent {result.Entry}{(result.IsPattern ? " (each agent of this pattern)" : "")}");
            output.WriteLine($"  sellers took {Took(result)} in one day; the worst case of `policy check` is {finding.Worst}");
            WritePlaces(output, result);
            if (finding.WithAgreement is { } agreed)
            {
                output.WriteLine($"  if people agree to everything that they are asked: {Took(agreed)}");
                WritePlaces(output, agreed);
            }
        }

        foreach (var entry in Idle)
        {
            output.WriteLine($"agent {entry}\n  may pay nowhere: sellers took 0.00 USD");
        }

        output.WriteLine(
            $"{Count(Runs.Sum(run => run.Requests), "hostile request")}, {Count(Runs.Sum(run => run.Signatures), "signature")}, {Count(Runs.Sum(run => run.Restarts), "restart")}: {Count(Passed.Count, "attack")} passed a limit");
        foreach (var passed in Passed)
        {
            output.WriteLine($"PASSED: {passed}");
        }
    }

    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("policy", Policy.Hash.ToString());
        json.WriteString("at", At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        json.WriteStartArray("agents");
        foreach (var finding in Agents)
        {
            json.WriteStartObject();
            json.WriteString("agent", finding.Result.Entry);
            json.WriteBoolean("pattern", finding.Result.IsPattern);
            json.WriteString("worst", finding.Worst.Most?.ToString());
            json.WriteBoolean("worstIsExact", finding.Worst.IsExact);
            Write(json, "withoutAgreement", finding.Result);
            Write(json, "withAgreement", finding.WithAgreement);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Texts(json, "mayPayNowhere", Idle);
        json.WriteNumber("requests", Runs.Sum(run => run.Requests));
        json.WriteNumber("signatures", Runs.Sum(run => run.Signatures));
        json.WriteNumber("restarts", Runs.Sum(run => run.Restarts));
        Texts(json, "passed", Passed);
        json.WriteEndObject();
    }

    // Where something was taken, one line each; the others by what stopped them.
    private static void WritePlaces(TextWriter output, AgentResult result)
    {
        foreach (var (place, got) in result.Places.Where(entry => entry.Value.Payments > 0).OrderByDescending(entry => entry.Value.Taken.Micros))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {LabelOf(place, result)}: {got.Taken} USD in {Count(got.Payments, "payment")} of at most {new Usd(got.Price ?? 0)}, {Words(got.StoppedBy)}"));
        }

        foreach (var same in result.Places.Where(entry => entry.Value.Payments == 0).GroupBy(entry => Words(entry.Value.StoppedBy)))
        {
            var labels = same.Select(entry => LabelOf(entry.Key, result)).Distinct().ToList();
            output.WriteLine($"    {string.Join(", ", labels.Take(MaxLabels))}{(labels.Count > MaxLabels ? string.Create(CultureInfo.InvariantCulture, $" and {labels.Count - MaxLabels} more") : "")}: nothing, {same.Key}");
        }
    }

    private static void Write(Utf8JsonWriter json, string name, AgentResult? result)
    {
        if (result is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("taken", result.Taken.ToString());
        json.WriteBoolean("unlimited", result.IsUnlimited);
        json.WriteStartArray("places");
        foreach (var (place, got) in result.Places)
        {
            json.WriteStartObject();
            json.WriteString("place", place.Label);
            json.WriteString("origin", place.Origin.ToString());
            json.WriteString("asset", place.Token.Symbol);
            json.WriteString("payTo", place.Recipient.ToString());
            json.WriteString("taken", got.Taken.ToString());
            json.WriteNumber("payments", got.Payments);
            json.WriteString("stoppedBy", got.StoppedBy?.Reason);
            json.WriteString("rule", got.StoppedBy is { } refusal ? RuleOf(refusal) : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // With scheme and token where another place that reads the same was paid, and this one was not, or the other way round.
    private static string LabelOf(PayablePlace place, AgentResult result)
    {
        var others = result.Places.Where(other => other.Key.Label == place.Label && other.Value.Payments + result.Places[place].Payments > 0).Select(other => other.Key).ToList();
        var scheme = others.Exists(other => other.Origin != place.Origin) ? $" over {place.Origin.Scheme}" : "";
        var token = others.Exists(other => other.Token != place.Token) ? $" in {place.Token.Symbol}" : "";
        return place.Label + scheme + token;
    }

    private static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    private static string Took(AgentResult result) => result.IsUnlimited ? $"{result.Taken} USD, and nothing stopped them" : $"{result.Taken} USD";

    private static string Words(Refusal? stop) =>
        stop is null ? "and nothing stopped them"
        : stop.Reason is AgentDrill.Asked ? $"a person is asked first ({RuleOf(stop)})"
        : $"stopped by {RuleOf(stop) ?? "the proxy"} ({stop.Reason})";

    private static string? RuleOf(Refusal refusal) => refusal.Members.FirstOrDefault(member => member.Key == "rule").Value;

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
