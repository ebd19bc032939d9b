using System.Text;
using System.Text.Json;
using SmartProxy.Installation;
using SmartProxy.Policies;
using SmartProxy.Policy.Analysis;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Text;

namespace SmartProxy.Drill;

/// <summary><c>smartproxy drill</c>: hostile sellers against the operator's own policy, in a sandbox.</summary>
internal sealed class PolicyDrill(AssetRegistry registry, IRandomSource random, TimeProvider time)
{
    /// <summary>Every limit held.</summary>
    public const int Held = 0;

    /// <summary>An attack passed a limit.</summary>
    public const int Broken = 1;

    /// <exception cref="OperatorException">The policy can't be read, or has no such agent.</exception>
    public async Task<int> RunAsync(Drilling asked, TextWriter output)
    {
        var report = await RunAsync(asked);
        if (asked.Json)
        {
            Printer.Json(output, json => Write(json, report, asked.Data));
        }
        else
        {
            report.WriteText(output);
        }

        return report.Passed.Count == 0 ? Held : Broken;
    }

    /// <summary>The drill itself.</summary>
    public async Task<DrillReport> RunAsync(Drilling asked)
    {
        var load = PolicyReading.Load(asked.Policy, registry);
        var policy = load.Policy ?? throw new OperatorException($"{load.Problems[0]}; `smartproxy policy check {asked.Policy}` tells every problem");
        var analysis = PolicyAnalysis.Of(policy);
        if (analysis.TooLarge is { } tooLarge)
        {
            throw new OperatorException($"{tooLarge}: nothing was attacked. Drill a policy with fewer of them, such as one group's agents and merchants");
        }

        var entries = analysis.Subjects.Where(subject => subject.StartsWith("agent:", StringComparison.Ordinal)).Select(subject => subject["agent:".Length..]).ToList();
        var places = analysis.Places.Select(WithItsSeller).ToLookup(place => place.Entry);
        var wanted = asked.Agent is { } agent ? [EntryOf(agent, entries, policy.Knows(agent))] : entries;
        var agents = new List<AgentFinding>();
        foreach (var entry in wanted.Where(places.Contains))
        {
            var worst = analysis.Figure($"agent:{entry}", WorstPeriod.Day);
            var result = await new AgentDrill(policy, [.. places[entry]], worst.Most, peopleAgree: false, random).RunAsync();
            var agreed = result.AsksPeople ? await new AgentDrill(policy, [.. places[entry]], worst.Most, peopleAgree: true, random).RunAsync() : null;
            agents.Add(new AgentFinding(result, agreed, worst));
        }

        return new DrillReport(policy, agents, [.. wanted.Where(entry => !places.Contains(entry))], time.GetUtcNow());
    }

    // Where anyone may be paid every origin has a seller of its own, so that a limit on each recipient is one on each of them.
    private static PayablePlace WithItsSeller(PayablePlace place)
    {
        Span<byte> hash = stackalloc byte[Bytes32.Length];
        Bytes32.Sha256(Encoding.UTF8.GetBytes(place.Origin.ToString())).CopyTo(hash);
        return place.IsAnyone ? place with { Recipient = new EvmAddress(hash[..EvmAddress.Length]) } : place;
    }

    // An agent without an entry of its own is whatever its name falls under.
    private static string EntryOf(AgentId agent, List<string> entries, bool isKnown) =>
        entries.Contains(agent.Value) ? agent.Value
        : isKnown ? entries.First(entry => entry.Contains('*', StringComparison.Ordinal) && System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(entry, agent.Value, ignoreCase: false))
        : throw new OperatorException($"the policy has no entry for the agent `{agent}` (it has {string.Join(", ", entries)})");

    // The signature is over exactly the bytes of the report.
    private static void Write(Utf8JsonWriter json, DrillReport report, DataFolder? data)
    {
        using var document = Printer.Document(report.WriteJson);
        var text = document.RootElement.GetRawText();
        json.WriteStartObject();
        json.WritePropertyName("drill");
        json.WriteRawValue(text);
        json.WriteString("signature", data is null ? null : Sign(text, data));
        json.WriteEndObject();
    }

    private static string Sign(string text, DataFolder data)
    {
        try
        {
            using var keys = ReceiptKeys.Load(data.ReceiptsKey);
            return keys.Signer.Sign(Encoding.UTF8.GetBytes(text));
        }
        catch (ReceiptKeyException fault)
        {
            throw new OperatorException(fault.Message, inner: fault);
        }
    }
}

/// <summary>What <c>drill</c> asks.</summary>
/// <param name="Policy">The file or folder.</param>
/// <param name="Agent">Only this agent; null for all.</param>
/// <param name="Data">Whose receipt key signs the JSON; null leaves it unsigned.</param>
/// <param name="Json">Whether the answer is one JSON object.</param>
internal sealed record Drilling(string Policy, AgentId? Agent, DataFolder? Data, bool Json);
