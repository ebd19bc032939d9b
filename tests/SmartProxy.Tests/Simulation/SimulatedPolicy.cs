using System.Collections.Concurrent;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Tests.Payments;

namespace SmartProxy.Tests.Simulation;

/// <summary>A policy by chance, as a file and as what its operator means.</summary>
/// <param name="Set">As the product reads it.</param>
/// <param name="Limits">As it is meant.</param>
/// <param name="Above">Above which price a person has to agree, in micro-dollars, for the agents that have such a rule.</param>
/// <param name="Zone">Where days begin.</param>
internal sealed record SimulatedPolicy(PolicySet Set, IReadOnlyList<Limit> Limits, IReadOnlyDictionary<string, ulong> Above, TimeZoneInfo Zone)
{
    private const int Kinds = 400;
    private static readonly ConcurrentDictionary<int, SimulatedPolicy> Made = new();
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"];

    public static SimulatedPolicy By(Random chance) => Made.GetOrAdd(chance.Next(Kinds), static number => Make(new Random(number)));

    private static SimulatedPolicy Make(Random chance)
    {
        var zone = Zones[chance.Next(Zones.Length)];
        List<Limit> limits = [];
        Dictionary<string, ulong> above = [];
        var text = $$"""
            { "networks": ["base-sepolia"], "timeZone": "{{zone}}",
              "organization": {{{Pot("organization", always: false)}}},
              "merchants": { "a": { "hosts": "a.test", {{Pot("merchant:a", always: false)}} }, "b": { "hosts": "b.test" } },
              "groups": { "g": {{{Pot("group", always: false)}}} },
              "policies": { "p": { "group": "g", "allow": ["*"], {{Pots("agent:x", "agent:y")}}{{Approval("x", "y")}} } },
              "agents": { "x": { "policy": "p" }, "y": { "policy": "p" }, "z": { "allow": ["*"], {{Pot("agent:z", always: true)}}{{Approval("z")}} } } }
            """;
        return new SimulatedPolicy(FlowKit.Policy(text), limits, above, TimeZoneInfo.FindSystemTimeZoneById(zone));

        string Approval(params string[] agents)
        {
            if (chance.Next(2) == 0)
            {
                return "";
            }

            var price = (ulong)chance.Next(1, 5) * 5_000;
            Array.ForEach(agents, agent => above.Add(agent, price));
            return $$""", "approval": { "above": "{{new Usd(price)}}", {{(chance.Next(2) == 0 ? "\"hold\": \"30s\", " : "")}}"expires": "{{chance.Next(1, 6)}}m" }""";
        }

        string Pots(string first, string second)
        {
            var member = Pot(first, always: true);
            limits.AddRange(limits.Where(limit => limit.Pot == first).Select(limit => limit with { Pot = second }).ToList());
            return member;
        }

        string Pot(string pot, bool always)
        {
            var mine = new List<Limit>();
            foreach (var span in Enum.GetValues<Per>())
            {
                if (chance.Next(5) < 2)
                {
                    mine.Add(new Limit(pot, span, span is Per.DayCount ? (ulong)chance.Next(1, 9) : (ulong)chance.Next(1, span is Per.Payment ? 8 : 16) * 10_000));
                }
            }

            if (mine.Count == 0 && always)
            {
                mine.Add(new Limit(pot, Per.Total, 100_000));
            }

            limits.AddRange(mine);
            return $"\"limits\": {{ {string.Join(", ", mine.Select(limit => limit.ToMember()))} }}";
        }
    }
}
