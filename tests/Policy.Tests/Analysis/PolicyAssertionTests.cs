using SmartProxy.Policy.Analysis;
using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Analysis;

public sealed class PolicyAssertionTests
{
    private static readonly PolicySet Policy = Given.Policy("""
        { "networks": ["base-sepolia"],
          "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search" } },
          "categories": { "gambling": ["*.casino.example"] },
          "groups": { "lab": { "limits": { "day": "40.00" } } },
          "agents": { "r-*": { "group": "lab", "allow": ["exa"], "limits": { "payment": "0.10", "day": "5.00" } },
                      "me": { "allow": ["*"], "deny": ["category:gambling"], "limits": { "36h": "1.00", "day": "0.80", "total": "20.00" } } } }
        """);

    [Theory]
    [InlineData("group:lab day <= 40", "")]
    [InlineData("group:lab day < 40", "group:lab: day 40.00, asserted < 40.00")]
    [InlineData("group:lab   day = 40.00", "")]
    [InlineData("group:lab day = 39", "group:lab: day 40.00, asserted = 39.00")]
    [InlineData("agent:r-* payment <= 0.10", "")]
    [InlineData("agent:r-7 day <= 4", "agent:r-*: day 5.00, asserted <= 4.00")]
    [InlineData("agent:me week <= 5", "")]
    [InlineData("agent:me week = 5", "agent:me: week at most 5.00, asserted = 5.00")]
    [InlineData("agent:me quarter <= 20", "")]
    [InlineData("agent:r-* total <= 1000", "agent:r-*: total no limit, asserted <= 1000.00")]
    [InlineData("merchant:exa day <= 40.80", "")]
    [InlineData("organization day < 40.80", "organization: day 40.80, asserted < 40.80")]
    [InlineData("every agent day <= 4", "agent:r-*: day 5.00, asserted <= 4.00")]
    [InlineData("every agent never pays category:gambling", "")]
    [InlineData("every agent never pays category:search", "agent:r-* may pay exa, allowed by agents.r-*.allow[0] exa|agent:me may pay exa, allowed by agents.me.allow[0] *")]
    [InlineData("agent:me may pay new.example", "")]
    [InlineData("agent:r-7 may pay new.example", "agent:r-* may not pay new.example")]
    [InlineData("agent:me never pays a.casino.example", "")]
    [InlineData("agent:r-7 never pays *", "agent:r-* may pay exa, allowed by agents.r-*.allow[0] exa")]
    public void An_assertion_holds_or_is_violated_with_the_figures(string assertion, string violations)
    {
        var result = PolicyAssertion.Check(Policy, [assertion]).Single();

        Assert.Null(result.Error);
        Assert.Equal(violations, string.Join('|', result.Violations));
    }

    [Theory]
    [InlineData("group:lap day <= 40", "did you mean `lab`?")]
    [InlineData("group:lab dy <= 40", "did you mean `day`?")]
    [InlineData("group:lab DAY <= 40", "expected one of")]
    [InlineData("group:lab day >= 40", "expected `<=`, `<` or `=`, found `>=`")]
    [InlineData("group:lab day <= 40 USD", "expected `SUBJECT")]
    [InlineData("group:lab day <= -1", "expected dollars")]
    [InlineData("agent:nobody day <= 40", "found `agent:nobody`")]
    [InlineData("lab day <= 40", "found `lab`")]
    [InlineData("every group day <= 40", "found `every group`")]
    [InlineData("agent:me never pays exaa", "did you mean `exa`?")]
    [InlineData("agent:me never pays category:gamblin", "found `category:gamblin`")]
    [InlineData("group:lab never pays exa", "expected `agent:NAME` or `every agent`")]
    [InlineData("", "expected `SUBJECT")]
    public void A_misspelt_assertion_is_an_error(string assertion, string error)
    {
        var result = PolicyAssertion.Check(Policy, [assertion]).Single();

        Assert.False(result.Holds);
        Assert.Contains(error, result.Error, StringComparison.Ordinal);
    }
}
