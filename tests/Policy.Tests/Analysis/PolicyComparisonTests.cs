using SmartProxy.Policy.Analysis;
using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Analysis;

public sealed class PolicyComparisonTests
{
    public static TheoryData<string, string, string, string, string> Changes => new()
    {
        { "nothing", """ "allow": ["exa"] """, """ "allow": ["exa"] """, "nobody new can be paid", "" },
        { "order", """ "allow": ["exa", "papers"] """, """ "allow": ["papers", "exa"] """, "nobody new can be paid", "" },
        { "another way to say it", """ "allow": ["exa"] """, """ "allow": ["api.exa.ai"] """, "nobody new can be paid", "" },
        { "a merchant more", """ "allow": ["exa"] """, """ "allow": ["exa", "papers"] """, "me: may newly pay papers | nobody new can be paid without a pin", "me: may newly pay papers" },
        { "a merchant less", """ "allow": ["exa", "papers"] """, """ "allow": ["exa"] """, "me: may no longer pay papers | nobody new can be paid", "" },
        { "a deny less", """ "allow": ["*"], "deny": ["exa"] """, """ "allow": ["*"] """, "me: may newly pay exa | newly paid without a pin: exa (listed)", "me: may newly pay exa" },
        { "everything", """ "allow": ["exa"] """, """ "allow": ["*"] """, "me: may newly pay papers, free.example, any other host | nobody new can be paid without a pin", "me: may newly pay papers, free.example, any other host" },
        { "no pin", """ "allow": ["free.example"] """, """ "allow": ["free.example"], "recipients": "any" """, "me: recipients pin -> any at free.example | newly paid without a pin: free.example (any)", "me: recipients pin -> any at free.example" },
        { "a list instead of a pin", """ "allow": ["free.example"] """, """ "allow": ["free.example"], "recipients": ["0x2222222222222222222222222222222222222222"] """, "me: recipients pin -> listed at free.example | nobody new can be paid", "" },
        { "another token", """ "allow": ["exa"] """, """ "allow": ["exa"], "assets": ["USDC", "EURC"] """, "me: may newly pay with EURC | nobody new can be paid", "me: may newly pay with EURC" },
        { "a limit that binds", """ "allow": ["exa"], "limits": { "day": "1.00" } """, """ "allow": ["exa"], "limits": { "day": "2.00" } """, "nobody new can be paid", "agent:me: payment 1.00 -> 2.00" },
        { "a limit that never bound", """ "allow": ["exa"], "limits": { "day": "1.00", "week": "9.00" } """, """ "allow": ["exa"], "limits": { "day": "1.00" } """, "nobody new can be paid", "" },
        { "a narrower limit under the same day", """ "allow": ["exa", "papers"], "limits": { "payment": "1.00", "day": "4.00", "in": { "exa": { "day": "1.00" } } } """, """ "allow": ["exa", "papers"], "limits": { "payment": "1.00", "day": "4.00" } """, "nobody new can be paid", "merchant:exa: day 1.00 -> 4.00" },
        { "an approval less", """ "allow": ["exa"], "limits": { "day": "1.00" }, "approval": { "above": "0.50" } """, """ "allow": ["exa"], "limits": { "day": "1.00" } """, "nobody new can be paid", "agents.me: approval is not as it was" },
        { "an approval more", """ "allow": ["exa"], "limits": { "day": "1.00" } """, """ "allow": ["exa"], "limits": { "day": "1.00" }, "approval": { "above": "0.50" } """, "nobody new can be paid", "" },
        { "a number of payments", """ "allow": ["exa"], "limits": { "payments": { "day": 5 } } """, """ "allow": ["exa"], "limits": { "payments": { "day": 6 } } """, "nobody new can be paid", "agents.me.limits.payments.day 5 payments no longer holds for me" },
        { "a part of a merchant", """ "allow": ["exa POST /search*"] """, """ "allow": ["exa POST /*"] """, "me: may newly pay api.exa.ai POST /, api.exa.ai POST /* | newly paid without a pin: api.exa.ai POST / (listed), api.exa.ai POST /* (listed)", "me: may newly pay api.exa.ai POST /, api.exa.ai POST /*" },
        { "two limits for one", """ "allow": ["exa"], "limits": { "payment": "1.00", "day": "4.00" } """, """ "allow": ["exa"], "limits": { "payment": "1.00", "24h": "4.00", "month": "4.00" } """, "nobody new can be paid", "" },
    };

    [Theory, MemberData(nameof(Changes))]
    public void A_change_is_told_by_what_it_newly_lets_through(string note, string before, string after, string reach, string widening)
    {
        var difference = PolicyComparison.Compare(Policy(before), Policy(after));

        Assert.Equal($"{note}: {reach}", $"{note}: {string.Join(" | ", [.. difference.Reach, difference.Newcomers])}");
        Assert.Equal(widening, difference.Widenings.FirstOrDefault(w => w == widening) ?? string.Join("; ", difference.Widenings));
    }

    [Fact]
    public void An_agent_that_gets_an_entry_of_its_own_is_compared_with_the_pattern_it_fell_under()
    {
        var old = Given.Policy("""{ "networks": ["base-sepolia"], "agents": { "r-*": { "allow": ["*"], "limits": { "day": "5.00" } } } }""");
        var now = Given.Policy("""{ "networks": ["base-sepolia"], "agents": { "r-*": { "allow": ["*"], "limits": { "day": "5.00" } }, "r-12": { "allow": ["*"], "limits": { "day": "10.00" } } } }""");

        var difference = PolicyComparison.Compare(old, now);

        var day = difference.Worst.Single(w => w.Subject == "agent:r-12" && w.Period == WorstPeriod.Day);
        Assert.Equal("5.00 -> 10.00", $"{day.Before} -> {day.After}");
        Assert.True(difference.Worst.Single(w => w.Subject == "agent:r-*" && w.Period == WorstPeriod.Day).IsSame);
        Assert.NotEmpty(difference.Widenings);
        Assert.Empty(PolicyComparison.Compare(now, old).Widenings);
    }

    private static PolicySet Policy(string agent) => Given.Policy($$"""
        { "networks": ["base-sepolia"], "assets": ["USDC", "EURC"],
          "merchants": { "exa": { "hosts": "api.exa.ai", "recipients": ["{{Given.Seller}}"] }, "papers": { "hosts": "*.papers.example" } },
          "categories": { "free": ["free.example"] },
          "agents": { "me": { {{(agent.Contains("assets", StringComparison.Ordinal) ? "" : "\"assets\": [\"USDC\"], ")}}{{agent}} } } }
        """);
}
