using System.Diagnostics;
using SmartProxy.Policies.Simulation;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies.Simulation;

/// <summary>A long past is simulated while a person waits. A million decisions with <c>SMARTPROXY_LONG=1</c>.</summary>
public sealed class SimulationSpeedTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";
    private static readonly int Decisions = IsLong ? 1_000_000 : 20_000;

    // An alarm for a mistake that makes it quadratic, not a benchmark; only where the machine is not shared with other tests.
    private static readonly TimeSpan Most = IsLong ? TimeSpan.FromMinutes(4) : Timeout.InfiniteTimeSpan;

    private const string Limits = """
        { "networks": ["base-sepolia"],
          "organization": { "limits": { "day": "5000.00", "month": "60000.00" } },
          "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search", "limits": { "day": "2000.00" } }, "papers": { "hosts": ["papers.example", "*.papers.example"], "category": "data" } },
          "groups": { "lab": { "limits": { "1h": "40.00", "week": "8000.00" } } },
          "policies": { "research": { "group": "lab", "allow": ["*"], "deny": ["casino.example"], "limits": { "payment": "0.10", "day": "DAY", "24h": "800.00" } } },
          "agents": { "r-*": { "policy": "research" }, "me": { "allow": ["*"], "limits": { "day": "DAY", "30d": "9000.00" } } } }
        """;

    [Fact]
    public void Many_decisions_are_simulated_in_little_time()
    {
        using var folder = new TempFolder();
        History.WriteTo(folder.Path, History.Policy(Limits.Replace("DAY", "300.00", StringComparison.Ordinal)), 7, Decisions, TimeSpan.FromSeconds(4));
        File.WriteAllText(folder.File("new.json"), Limits.Replace("DAY", "200.00", StringComparison.Ordinal));

        using var output = new StringWriter();
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, new PolicySimulate(AssetRegistry.Default, TimeProvider.System).Run(folder.File("new.json"), folder.Path, null, json: false, output, new ProgressBar(TextWriter.Null, false, TimeProvider.System)));

        TestContext.Current.SendDiagnosticMessage("{0} decisions in {1:F1} s\n{2}", Decisions, clock.Elapsed.TotalSeconds, output);
        Assert.StartsWith($"{Decisions} recorded decisions", output.ToString(), StringComparison.Ordinal);
        Assert.True(Most == Timeout.InfiniteTimeSpan || clock.Elapsed < Most, clock.Elapsed.ToString());
    }
}
