using SmartProxy.Installation;
using SmartProxy.Protocol;

namespace SmartProxy.Policies.Simulation;

/// <summary><c>smartproxy policy simulate</c>: what another policy would have made of the recorded decisions.</summary>
internal sealed class PolicySimulate(AssetRegistry registry, TimeProvider time)
{
    /// <summary>It was simulated, whatever came out.</summary>
    public const int Done = 0;

    /// <summary>The policy has problems.</summary>
    public const int BadPolicy = 1;

    /// <summary>There is no journal to read.</summary>
    public const int Unreadable = 2;

    /// <param name="path">The policy to try, a file or a folder.</param>
    /// <param name="dataFolder">The data folder whose past is asked; only read.</param>
    /// <param name="since">From when on, or null for all of it.</param>
    /// <param name="json">Whether the answer is one JSON object.</param>
    /// <param name="output">Receives the answer.</param>
    /// <param name="progress">Shows how far it is.</param>
    public int Run(string path, string dataFolder, DateTimeOffset? since, bool json, TextWriter output, ProgressBar progress)
    {
        var load = PolicyReading.Load(path, registry);
        if (load.Policy is not { } policy)
        {
            load.Problems.ToList().ForEach(problem => output.WriteLine(problem.ToString()));
            return BadPolicy;
        }

        var simulation = new PolicySimulation(policy, since ?? DateTimeOffset.MinValue);
        var started = time.GetTimestamp();
        try
        {
            RecordedJournal.Read(dataFolder, simulation.Take, progress.Show);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            progress.Clear();
            output.WriteLine($"expected the data folder of an installation, found: {unreadable.Message.ReplaceLineEndings(" ")}");
            return Unreadable;
        }

        progress.Clear();
        output.Write(json ? SimulationText.ToJson(simulation.Report) : SimulationText.ToText(simulation.Report, time.GetElapsedTime(started)));
        return Done;
    }
}

/// <summary>What <c>policy simulate</c> and <c>policy shadow</c> ask.</summary>
/// <param name="Policy">The policy to try; empty for the summary of the shadow.</param>
/// <param name="Data">Whose past is asked; running or stopped, it is only read.</param>
/// <param name="Since">From when on, or null for all of it.</param>
/// <param name="Json">Whether the answer is one JSON object.</param>
internal sealed record PolicyHistory(string Policy, DataFolder Data, DateTimeOffset? Since, bool Json);
