using SmartProxy.Forwarding.Origins;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding.Origins;

/// <summary>What is remembered of origins that charge.</summary>
public sealed class ChargingOriginsTests
{
    private readonly ChargingOrigins _charging = new(Microsoft.Extensions.Options.Options.Create(new UpstreamOptions { ChargingOrigins = 4 }));

    [Fact]
    public void The_origin_unused_for_longest_is_forgotten()
    {
        Learn("me", 1, 2, 3, 4, 2, 4);
        Assert.True(Knows(1));
        Learn("me", 5);

        Assert.Equal([1, 2, 4, 5], Enumerable.Range(1, 5).Where(Knows));
    }

    [Fact]
    public void An_agent_that_visits_many_makes_nobody_else_forget()
    {
        Learn("you", 1);
        Learn("me", [.. Enumerable.Range(10, 100)]);

        Assert.Equal([1, 107, 108, 109], Enumerable.Range(1, 200).Where(Knows));
    }

    private bool Knows(int number) => _charging.Contains(OriginOf(number));

    private void Learn(string agent, params int[] numbers) => numbers.ToList().ForEach(number => _charging.Learn(new AgentId(agent), OriginOf(number)));

    private static Origin OriginOf(int number) => Origin.TryParse($"https://h{number}.test", out var origin) ? origin : throw new InvalidDataException();
}
