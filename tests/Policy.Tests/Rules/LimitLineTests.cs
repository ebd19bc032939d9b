using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests.Rules;

/// <summary>Counts, long calendar windows, counters of their own and narrower limits: the lines that a payment draws on, and what counts in them.</summary>
public sealed class LimitLineTests
{
    private static readonly PolicySet Policy = Given.Policy("""
        { "networks": ["base-sepolia", "sepolia"], "assets": ["USDC", "EURC"],
          "organization": { "limits": { "quarter": "900.00", "each": { "recipient": { "day": "7.00" } } } },
          "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search", "limits": { "payments": { "concurrent": 9 } } }, "papers": { "hosts": "*.papers.example" } },
          "policies": { "p": { "allow": ["*"], "limits": { "payments": { "1m": 30, "day": 200 }, "each": { "recipient": { "day": "1.00" } } } } },
          "agents": {
            "counts": { "allow": ["*"], "limits": { "year": "90.00", "payments": { "week": 5, "month": 6, "quarter": 7, "year": 8, "total": 9, "90s": 1, "concurrent": 3 } } },
            "merged": { "policy": "p", "limits": { "payments": { "1m": 5 }, "each": { "recipient": { "day": "2.00", "payments": { "1h": 4 } } } } },
            "each": { "allow": ["*"], "limits": { "each": { "category": { "day": "3.00", "payments": { "day": 4 } }, "merchant": { "payments": { "concurrent": 1 } } } } },
            "in": { "allow": ["*"], "limits": { "in": { "network:sepolia": { "day": "1.00" }, "asset:EURC": { "payments": { "day": 2 } }, "exa POST /search*": { "day": "3.00" }, "exa": { "payments": { "total": 4 } } } } } } }
        """);

    private static readonly string[] Organization = ["organization.limits.quarter * quarter in UTC 900.00 USD of organization", "organization.limits.each.recipient * total 1000 recipients of organization"];

    public static TheoryData<string, string, string, string, string[]> Lines => new()
    {
        {
            "every window of counts", "counts", "https://other.example", "GET",
            [
                "agents.counts.limits.year agent=counts year in UTC 90.00 USD of agent:counts",
                "agents.counts.limits.payments.week agent=counts week in UTC 5 payments of agent:counts",
                "agents.counts.limits.payments.month agent=counts month in UTC 6 payments of agent:counts",
                "agents.counts.limits.payments.quarter agent=counts quarter in UTC 7 payments of agent:counts",
                "agents.counts.limits.payments.year agent=counts year in UTC 8 payments of agent:counts",
                "agents.counts.limits.payments.total agent=counts total 9 payments of agent:counts",
                "agents.counts.limits.payments.90s agent=counts rolling 00:01:30 1 payment of agent:counts",
                "agents.counts.limits.payments.concurrent agent=counts under way 3 payments of agent:counts",
            ]
        },
        {
            "counts merge key by key", "merged", "https://api.exa.ai", "GET",
            [
                "policies.p.limits.payments.day agent=merged day in UTC 200 payments of agent:merged",
                "agents.merged.limits.payments.1m agent=merged rolling 00:01:00 5 payments of agent:merged",
                "policies.p.limits.each.recipient agent=merged total 1000 recipients of agent:merged",
                "agents.merged.limits.each.recipient.day agent=merged&recipient=0x1111111111111111111111111111111111111111 day in UTC 2.00 USD of agent:merged",
                "agents.merged.limits.each.recipient.payments.1h agent=merged&recipient=0x1111111111111111111111111111111111111111 rolling 01:00:00 4 payments of agent:merged",
                "merchants.exa.limits.payments.concurrent merchant=exa under way 9 payments of merchant:exa",
            ]
        },
        {
            "a counter for a category and a merchant", "each", "https://api.exa.ai", "GET",
            [
                "agents.each.limits.each.category.day agent=each&category=search day in UTC 3.00 USD of agent:each",
                "agents.each.limits.each.category.payments.day agent=each&category=search day in UTC 4 payments of agent:each",
                "agents.each.limits.each.merchant.payments.concurrent agent=each&merchant=exa under way 1 payment of agent:each",
                "merchants.exa.limits.payments.concurrent merchant=exa under way 9 payments of merchant:exa",
            ]
        },
        {
            "the counters of hosts without a merchant", "each", "https://other.example", "GET",
            [
                "agents.each.limits.each.category.day agent=each&category=? day in UTC 3.00 USD of agent:each",
                "agents.each.limits.each.category.payments.day agent=each&category=? day in UTC 4 payments of agent:each",
                "agents.each.limits.each.merchant.payments.concurrent agent=each&merchant=? under way 1 payment of agent:each",
            ]
        },
        {
            "in an endpoint and its merchant", "in", "https://api.exa.ai", "POST",
            [
                "agents.in.limits.in[\"exa POST /search*\"].day agent=in&endpoint=exa POST /search* day in UTC 3.00 USD of agent:in",
                "agents.in.limits.in.exa.payments.total agent=in&merchant=exa total 4 payments of agent:in",
                "merchants.exa.limits.payments.concurrent merchant=exa under way 9 payments of merchant:exa",
            ]
        },
        {
            "beside the endpoint", "in", "https://api.exa.ai", "GET",
            ["agents.in.limits.in.exa.payments.total agent=in&merchant=exa total 4 payments of agent:in", "merchants.exa.limits.payments.concurrent merchant=exa under way 9 payments of merchant:exa"]
        },
        { "none of them", "in", "https://other.example", "GET", [] },
    };

    [Theory, MemberData(nameof(Lines))]
    public void A_payment_draws_on_exactly_these_lines(string note, string agent, string url, string method, string[] expected)
    {
        Assert.NotEmpty(note);
        var allowed = Judge(Given.Question(agent, url, method: method));

        var organization = Organization.Append("organization.limits.each.recipient.day recipient=0x1111111111111111111111111111111111111111 day in UTC 7.00 USD of organization");
        Assert.Equal(expected.Concat(organization).Order(StringComparer.Ordinal), allowed.Lines.Select(l => $"{l.Id} {l.Scope} {l.Window} {l.Limit.ToWords()} of {l.Owner}").Order(StringComparer.Ordinal));
        Assert.All(allowed.Lines, line => Assert.True(line.Scope.Matches(allowed.Facts), $"{line.Id} does not count the payment that draws on it"));
    }

    public static TheoryData<string, ChainId, EvmAddress, string[]> Narrowed => new()
    {
        { "the second network", TestTokens.OtherTest, TestTokens.Usdc, ["agents.in.limits.in.network:sepolia.day agent=in&network=eip155:11155111"] },
        { "the second token", TestTokens.Sepolia, TestTokens.Eurc, ["agents.in.limits.in.asset:EURC.payments.day agent=in&asset=EURC"] },
        { "neither", TestTokens.Sepolia, TestTokens.Usdc, [] },
    };

    [Theory, MemberData(nameof(Narrowed))]
    public void Networks_and_tokens_have_limits_of_their_own(string note, ChainId network, EvmAddress asset, string[] expected)
    {
        Assert.NotEmpty(note);
        var allowed = Judge(Given.Question("in", "https://other.example", network: network, asset: asset, domain: asset == TestTokens.Eurc ? "EURC/2" : "USDC/2"));

        Assert.Equal(expected, allowed.Lines.Where(l => l.Owner.Kind == BudgetOwnerKind.Agent).Select(l => $"{l.Id} {l.Scope}"));
        Assert.All(allowed.Lines, line => Assert.True(line.Scope.Matches(allowed.Facts)));
    }

    [Fact]
    public void What_counts_in_a_narrow_line_is_what_its_selector_says()
    {
        var network = Line(Given.Question("in", "https://other.example", network: TestTokens.OtherTest), "agents.in.limits.in.network:sepolia.day");
        var asset = Line(Given.Question("in", "https://other.example", asset: TestTokens.Eurc, domain: "EURC/2"), "agents.in.limits.in.asset:EURC.payments.day");
        var endpoint = Line(Given.Question("in", method: "POST"), "agents.in.limits.in[\"exa POST /search*\"].day");
        var here = Judge(Given.Question("in", method: "POST")).Facts;

        Assert.False(network.Scope.Matches(here));
        Assert.False(asset.Scope.Matches(here));
        Assert.True(endpoint.Scope.Matches(here));
        Assert.True(endpoint.Scope.Matches(here with { Path = "/x/../search" }));
        Assert.True(endpoint.Scope.Matches(here with { Merchant = "exa-old" }));
        Assert.False(endpoint.Scope.Matches(here with { Path = "/answer" }));
        Assert.False(endpoint.Scope.Matches(here with { Method = "GET" }));
        Assert.False(endpoint.Scope.Matches(here with { Agent = new AgentId("other") }));
    }

    [Fact]
    public void Each_recipient_has_its_own_counter_and_their_number_is_bounded()
    {
        var (first, second) = (Judge(Given.Question("merged", "https://other.example")), Judge(Given.Question("merged", "https://other.example", payTo: Given.Stranger)));
        BudgetLine Own(Verdict.Allowed verdict) => verdict.Lines.Single(l => l.Id == "agents.merged.limits.each.recipient.day");

        Assert.False(Own(first).Scope.Matches(second.Facts));
        var cap = first.Lines.Single(l => l.Id == "policies.p.limits.each.recipient");
        Assert.Equal((new Quantity(SpendMeasure.Recipients, 1000), (SpendWindow)new SpendWindow.Total()), (cap.Limit, cap.Window));
        Assert.True(cap.Scope.Matches(second.Facts));
    }

    [Fact]
    public void A_line_about_one_agent_says_so_and_any_other_does_not() =>
        Assert.All(Judge(Given.Question("merged")).Lines, line => Assert.Equal(line.Owner.Kind == BudgetOwnerKind.Agent ? new AgentId("merged") : null, line.Scope.Agent));

    private static BudgetLine Line(PaymentQuestion question, string id) => Judge(question).Lines.Single(l => l.Id == id);

    private static Verdict.Allowed Judge(PaymentQuestion question) => Assert.IsType<Verdict.Allowed>(new PolicyEvaluator(Policy).Judge(question));
}
