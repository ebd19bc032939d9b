using SmartProxy.Policy;
using SmartProxy.Policy.Analysis;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy check</c>: every problem and suspicion of a file, what each agent can do in words, its worst cases, and whether assertions hold.</summary>
internal sealed class PolicyCheck(AssetRegistry registry)
{
    /// <summary>The file is good.</summary>
    public const int Good = 0;

    /// <summary>The file has problems and would not come into force.</summary>
    public const int Bad = 1;

    /// <summary>The file is good, and has warnings that <c>--strict</c> does not accept.</summary>
    public const int Suspicious = 2;

    /// <summary>An assertion does not hold, or can't be read.</summary>
    public const int Violated = 3;

    public int Run(string path, TextWriter output) => Run(new PolicyChecking(path, [], IsStrict: false, Json: false), output);

    public int Run(PolicyChecking asked, TextWriter output)
    {
        var load = PolicyReading.Load(asked.Policy, registry);
        var analysis = load.Policy is null ? null : PolicyAnalysis.Of(load.Policy);
        var warnings = analysis is null ? [.. load.Warnings.Select(w => new LintWarning(LintWarning.Other, w))] : PolicyLint.Check(analysis, asked.Policy, load.Warnings);
        var assertions = load.Policy is null || asked.Assertions.Count == 0 ? [] : PolicyAssertion.Check(load.Policy, asked.Assertions);
        var report = new PolicyCheckReport(asked.Policy, load, analysis, warnings, assertions);
        if (asked.Json)
        {
            report.WriteJson(output);
        }
        else
        {
            report.WriteText(output);
        }

        return load.Policy is null ? Bad
            : assertions.Any(a => !a.Holds) ? Violated
            : asked.IsStrict && warnings.Count > 0 ? Suspicious
            : Good;
    }
}

/// <summary>Reads a policy, a file or a folder of them, once for a command.</summary>
internal static class PolicyReading
{
    public static PolicyLoad Load(string path, AssetRegistry registry)
    {
        var (text, problem) = new PolicySource(path).ReadSettled();
        return text is null ? new PolicyLoad(null, [problem!], []) : PolicyLoader.Load(text, registry);
    }
}

/// <summary>What <c>policy check</c> asks.</summary>
/// <param name="Policy">The file or folder.</param>
/// <param name="Assertions">Sentences that have to hold.</param>
/// <param name="IsStrict">Whether warnings fail.</param>
/// <param name="Json">Whether the answer is one JSON object.</param>
internal sealed record PolicyChecking(string Policy, IReadOnlyList<string> Assertions, bool IsStrict, bool Json);
