using System.Text.Json;
using SmartProxy.Policy;
using SmartProxy.Policy.Analysis;
using SmartProxy.Text;

namespace SmartProxy.Policies;

/// <summary>What <c>policy check</c> found, as text or as one JSON object.</summary>
internal sealed record PolicyCheckReport(string File, PolicyLoad Load, PolicyAnalysis? Analysis, IReadOnlyList<LintWarning> Warnings, IReadOnlyList<AssertionResult> Assertions)
{
    private static readonly IReadOnlyList<WorstPeriod> Told = PolicyComparison.Periods;
    private static readonly IReadOnlyList<WorstPeriod> All = Enum.GetValues<WorstPeriod>();

    public void WriteText(TextWriter output)
    {
        foreach (var problem in Load.Problems)
        {
            output.WriteLine(problem.ToString());
        }

        foreach (var warning in Warnings)
        {
            output.WriteLine($"warning: {warning}");
        }

        if (Load.Policy is not { } policy)
        {
            output.WriteLine($"{Load.Problems.Count} {(Load.Problems.Count == 1 ? "problem" : "problems")}; this file would not come into force");
            return;
        }

        foreach (var agent in PolicyWords.Of(policy))
        {
            output.WriteLine(agent.Agent);
            foreach (var sentence in agent.Sentences)
            {
                output.WriteLine($"  {sentence}");
            }

            output.WriteLine($"  worst case: {Words($"agent:{agent.Agent}")}");
        }

        foreach (var same in Analysis!.Subjects.Where(s => !s.StartsWith("agent:", StringComparison.Ordinal)).GroupBy(Words))
        {
            output.WriteLine($"worst case of {PolicyDiff.Names([.. same])}: {same.Key}");
        }

        foreach (var assertion in Assertions)
        {
            WriteAssertion(output, assertion);
        }

        output.WriteLine($"good: {policy.Hash} ({(policy.IsTest ? "test" : "main")} networks)");
    }

    public void WriteJson(TextWriter output) => Printer.Json(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("file", File);
        json.WriteString("hash", Load.Policy?.Hash.ToString());
        json.WriteStartArray("problems");
        foreach (var problem in Load.Problems)
        {
            Write(json, problem, code: null);
        }

        json.WriteEndArray();
        json.WriteStartArray("warnings");
        foreach (var warning in Warnings)
        {
            Write(json, warning.At, warning.Code);
        }

        json.WriteEndArray();
        json.WriteStartArray("agents");
        foreach (var agent in Load.Policy is { } policy ? PolicyWords.Of(policy) : [])
        {
            json.WriteStartObject();
            json.WriteString("agent", agent.Agent);
            Texts(json, "sentences", agent.Sentences);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("worst");
        foreach (var subject in Analysis?.Subjects ?? [])
        {
            json.WriteStartObject(subject);
            foreach (var (period, figure) in Analysis!.Of(subject, All).Figures)
            {
                PolicyDiff.Write(json, PolicyComparison.Word(period), figure);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartArray("assertions");
        foreach (var assertion in Assertions)
        {
            json.WriteStartObject();
            json.WriteString("assertion", assertion.Text);
            json.WriteBoolean("holds", assertion.Holds);
            json.WriteString("error", assertion.Error);
            Texts(json, "violations", assertion.Violations);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private string Words(string subject) => string.Join(", ", Analysis!.Of(subject, Told).Figures.Select(f => $"{PolicyComparison.Word(f.Key)} {f.Value}"));

    private static void WriteAssertion(TextWriter output, AssertionResult assertion)
    {
        if (assertion.Error is { } error)
        {
            output.WriteLine($"assertion `{assertion.Text}` can't be read: {error}");
            return;
        }

        output.WriteLine(assertion.Holds ? $"holds: {assertion.Text}" : $"violated: {assertion.Text}");
        foreach (var violation in assertion.Violations)
        {
            output.WriteLine($"  {violation}");
        }
    }

    private static void Write(Utf8JsonWriter json, PolicyProblem problem, string? code)
    {
        json.WriteStartObject();
        if (code is not null)
        {
            json.WriteString("code", code);
        }

        json.WriteString("file", problem.File);
        json.WriteNumber("line", problem.Line);
        json.WriteNumber("column", problem.Column);
        json.WriteString("path", problem.Path);
        json.WriteString("message", problem.Message);
        json.WriteEndObject();
    }

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
