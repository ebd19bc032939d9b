using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy check</c>: every problem of a file, or what each agent can do, in words.</summary>
internal sealed class PolicyCheck(AssetRegistry registry)
{
    /// <summary>The file is good.</summary>
    public const int Good = 0;

    /// <summary>The file has problems and would not come into force.</summary>
    public const int Bad = 1;

    public int Run(string path, TextWriter output)
    {
        var load = PolicyReading.Load(path, registry);
        foreach (var problem in load.Problems)
        {
            output.WriteLine(problem.ToString());
        }

        foreach (var warning in load.Warnings)
        {
            output.WriteLine($"warning: {warning}");
        }

        if (load.Policy is not { } policy)
        {
            output.WriteLine($"{load.Problems.Count} {(load.Problems.Count == 1 ? "problem" : "problems")}; this file would not come into force");
            return Bad;
        }

        foreach (var agent in PolicyWords.Of(policy))
        {
            output.WriteLine(agent.Agent);
            foreach (var sentence in agent.Sentences)
            {
                output.WriteLine($"  {sentence}");
            }
        }

        output.WriteLine($"good: {policy.Hash} ({(policy.IsTest ? "test" : "main")} networks)");
        return Good;
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
