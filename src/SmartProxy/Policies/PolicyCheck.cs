using SmartProxy.Policy;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy check</c>: every problem of a file, or what each agent can do, in words.</summary>
internal sealed class PolicyCheck(IAssetBook book)
{
    /// <summary>The file is good.</summary>
    public const int Good = 0;

    /// <summary>The file has problems and would not come into force.</summary>
    public const int Bad = 1;

    public async Task<int> RunAsync(string path, TextWriter output, CancellationToken cancellationToken)
    {
        var load = await PolicyReading.LoadAsync(path, book, cancellationToken);
        foreach (var problem in load.Problems)
        {
            await output.WriteLineAsync(problem.ToString());
        }

        foreach (var warning in load.Warnings)
        {
            await output.WriteLineAsync($"warning: {warning}");
        }

        if (load.Policy is not { } policy)
        {
            await output.WriteLineAsync($"{load.Problems.Count} {(load.Problems.Count == 1 ? "problem" : "problems")}; this file would not come into force");
            return Bad;
        }

        foreach (var agent in PolicyWords.Of(policy))
        {
            await output.WriteLineAsync(agent.Agent);
            foreach (var sentence in agent.Sentences)
            {
                await output.WriteLineAsync($"  {sentence}");
            }
        }

        await output.WriteLineAsync($"good: {policy.Hash} ({(policy.IsTest ? "test" : "main")} networks)");
        return Good;
    }
}

/// <summary>Reads a policy file once, for commands.</summary>
internal static class PolicyReading
{
    public static async Task<PolicyLoad> LoadAsync(string path, IAssetBook book, CancellationToken cancellationToken)
    {
        var (bytes, problem) = await new PolicySource(path).ReadSettledAsync(cancellationToken);
        return bytes is null ? new PolicyLoad(null, [problem!], []) : PolicyLoader.Load(bytes, path, book);
    }
}
