using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests;

/// <summary>Which limits a payment draws on, and which payments count in them.</summary>
public sealed class BudgetLineTests
{
    private const string Team = """
        { "networks": ["base-sepolia"], "timeZone": "Europe/Berlin",
          "organization": { "limits": { "day": "200.00", "each": { "merchant": { "week": "50.00" } }, "in": { "category:search": { "day": "90.00" } } } },
          "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search", "limits": { "day": "100.00" } },
                         "papers": { "hosts": "*.papers.example", "category": "data" } },
          "groups": { "lab": { "limits": { "month": "40.00", "each": { "merchant": { "day": "9.00" } } } } },
          "policies": { "research": { "group": "lab", "allow": ["*"],
            "limits": { "payment": "1.00", "1h": "1.00", "day": "5.00", "total": "50.00", "each": { "merchant": { "day": "2.00" } },
                        "in": { "category:search": { "day": "1.00" }, "*.papers.example": { "24h": "0.50" }, "exa": { "week": "3.00" } } } } },
          "agents": { "r-*": { "policy": "research" },
                      "r-12": { "policy": "research", "limits": { "day": "10.00", "90s": "0.20", "each": { "merchant": { "day": "4.00" } }, "in": { "category:search": { "day": "6.00" } } } },
                      "me": { "allow": ["*"] } } }
        """;

    public static TheoryData<string, string, string, string[]> Applicable => new()
    {
        {
            "a merchant of the map", "r-1", "https://api.exa.ai",
            [
                "policies.research.limits.1h agent=r-1 rolling 01:00:00 1.00",
                "policies.research.limits.day agent=r-1 day in Europe/Berlin 5.00",
                "policies.research.limits.total agent=r-1 total 50.00",
                "policies.research.limits.each.merchant.day agent=r-1&merchant=exa day in Europe/Berlin 2.00",
                "policies.research.limits.in.category:search.day agent=r-1&category=search day in Europe/Berlin 1.00",
                "policies.research.limits.in.exa.week agent=r-1&merchant=exa week in Europe/Berlin 3.00",
                "groups.lab.limits.month group=lab month in Europe/Berlin 40.00",
                "groups.lab.limits.each.merchant.day group=lab&merchant=exa day in Europe/Berlin 9.00",
                "merchants.exa.limits.day merchant=exa day in Europe/Berlin 100.00",
                "organization.limits.day * day in Europe/Berlin 200.00",
                "organization.limits.each.merchant.week merchant=exa week in Europe/Berlin 50.00",
                "organization.limits.in.category:search.day category=search day in Europe/Berlin 90.00",
            ]
        },
        {
            "a host that no merchant names", "r-1", "https://other.example",
            [
                "policies.research.limits.1h agent=r-1 rolling 01:00:00 1.00",
                "policies.research.limits.day agent=r-1 day in Europe/Berlin 5.00",
                "policies.research.limits.total agent=r-1 total 50.00",
                "policies.research.limits.each.merchant.day agent=r-1&merchant=? day in Europe/Berlin 2.00",
                "groups.lab.limits.month group=lab month in Europe/Berlin 40.00",
                "groups.lab.limits.each.merchant.day group=lab&merchant=? day in Europe/Berlin 9.00",
                "organization.limits.day * day in Europe/Berlin 200.00",
                "organization.limits.each.merchant.week merchant=? week in Europe/Berlin 50.00",
            ]
        },
        {
            "own limits merge key by key", "r-12", "https://x.papers.example",
            [
                "policies.research.limits.1h agent=r-12 rolling 01:00:00 1.00",
                "policies.research.limits.total agent=r-12 total 50.00",
                "agents.r-12.limits.day agent=r-12 day in Europe/Berlin 10.00",
                "agents.r-12.limits.90s agent=r-12 rolling 00:01:30 0.20",
                "agents.r-12.limits.each.merchant.day agent=r-12&merchant=papers day in Europe/Berlin 4.00",
                "policies.research.limits.in[\"*.papers.example\"].24h agent=r-12&host=*.papers.example rolling 1.00:00:00 0.50",
                "groups.lab.limits.month group=lab month in Europe/Berlin 40.00",
                "groups.lab.limits.each.merchant.day group=lab&merchant=papers day in Europe/Berlin 9.00",
                "organization.limits.day * day in Europe/Berlin 200.00",
                "organization.limits.each.merchant.week merchant=papers week in Europe/Berlin 50.00",
            ]
        },
        {
            "no limits of its own", "me", "https://other.example",
            ["organization.limits.day * day in Europe/Berlin 200.00", "organization.limits.each.merchant.week merchant=? week in Europe/Berlin 50.00"]
        },
    };

    [Theory, MemberData(nameof(Applicable))]
    public void A_payment_draws_on_exactly_the_limits_that_cover_it(string note, string agent, string url, string[] expected)
    {
        Assert.NotEmpty(note);

        var allowed = Assert.IsType<Verdict.Allowed>(new PolicyEvaluator(Given.Policy(Team)).Judge(Given.Question(agent, url)));

        Assert.Equal(expected.Order(StringComparer.Ordinal), allowed.Lines.Select(Text).Order(StringComparer.Ordinal));
        Assert.All(allowed.Lines, line => Assert.True(line.Scope.Matches(allowed.Facts), $"{line.Id} does not count the payment that draws on it"));
    }

    [Fact]
    public void Lines_of_an_agent_leave_merchants_and_categories_out()
    {
        var lines = Given.Policy(Team).LinesOf(new AgentId("r-12")).Select(l => l.Id);

        Assert.Equal(
            ["agents.r-12.limits.90s", "agents.r-12.limits.day", "groups.lab.limits.month", "organization.limits.day", "policies.research.limits.1h", "policies.research.limits.total"],
            lines.Order(StringComparer.Ordinal));
        Assert.Empty(Given.Policy(Team).LinesOf(new AgentId("stranger")));
    }

    [Fact]
    public void Agents_of_one_template_draw_on_their_own_pots()
    {
        var evaluator = new PolicyEvaluator(Given.Policy(Team));
        var first = Assert.IsType<Verdict.Allowed>(evaluator.Judge(Given.Question("r-1")));
        var second = Assert.IsType<Verdict.Allowed>(evaluator.Judge(Given.Question("r-2")));

        Assert.All(first.Lines.Where(l => l.Id.StartsWith("policies", StringComparison.Ordinal)), line => Assert.False(line.Scope.Matches(second.Facts)));
        Assert.All(first.Lines.Where(l => l.Id.StartsWith("groups", StringComparison.Ordinal)), line => Assert.True(line.Scope.Matches(second.Facts)));
    }

    public static TheoryData<string, string, string, bool> Regroupings => new()
    {
        { "recorded in the group, moved out since", "lab", "outsider", true },
        { "moved in since", "-", "r-1", true },
        { "recorded in a group of another name, in this one now", "old-lab", "r-1", true },
        { "never in it", "-", "me", false },
    };

    [Theory, MemberData(nameof(Regroupings))]
    public void Regrouping_hands_out_nothing_fresh(string note, string recordedGroup, string agent, bool counts)
    {
        Assert.NotEmpty(note);
        var line = Line("r-1", "https://other.example", "groups.lab.limits.month");

        Assert.Equal(counts, line.Scope.Matches(Facts(agent: agent, group: recordedGroup == "-" ? null : recordedGroup)));
    }

    public static TheoryData<string, string?, string, bool> Renamings => new()
    {
        { "as it is", "exa", "https://api.exa.ai", true },
        { "the merchant had another name", "exa-old", "https://api.exa.ai", true },
        { "the host was unknown", null, "https://api.exa.ai", true },
        { "the merchant had another host", "exa", "https://old.exa.example", true },
        { "another merchant", "papers", "https://x.papers.example", false },
        { "another port is another place", null, "https://api.exa.ai:8443", false },
    };

    [Theory, MemberData(nameof(Renamings))]
    public void Renaming_a_merchant_hands_out_nothing_fresh(string note, string? recorded, string url, bool counts)
    {
        Assert.NotEmpty(note);
        Assert.Equal(counts, Line("r-1", "https://api.exa.ai", "merchants.exa.limits.day").Scope.Matches(Facts(url: url, merchant: recorded)));
    }

    [Theory]
    [InlineData("search", "https://elsewhere.example", true)]
    [InlineData(null, "https://api.exa.ai", true)]
    [InlineData("data", "https://api.exa.ai", true)]
    [InlineData("data", "https://x.papers.example", false)]
    public void Moving_a_merchant_to_another_category_hands_out_nothing_fresh(string? recorded, string url, bool counts) =>
        Assert.Equal(counts, Line("r-1", "https://api.exa.ai", "policies.research.limits.in.category:search.day").Scope.Matches(Facts(url: url, category: recorded)));

    [Theory]
    [InlineData(null, "https://a.example", true)]
    [InlineData(null, "https://b.example", true)]
    [InlineData("gone", "https://b.example", true)]
    [InlineData(null, "https://api.exa.ai", true)]
    [InlineData("exa", "https://api.exa.ai", false)]
    public void Unknown_hosts_share_one_counter(string? recorded, string url, bool counts) =>
        Assert.Equal(counts, Line("r-1", "https://other.example", "policies.research.limits.each.merchant.day").Scope.Matches(Facts(url: url, merchant: recorded)));

    private static BudgetLine Line(string agent, string url, string id)
    {
        var allowed = Assert.IsType<Verdict.Allowed>(new PolicyEvaluator(Given.Policy(Team)).Judge(Given.Question(agent, url)));
        return allowed.Lines.Single(l => l.Id == id);
    }

    private static PaymentFacts Facts(string agent = "r-1", string? group = null, string url = "https://other.example", string? merchant = null, string? category = null)
    {
        Assert.True(Origin.TryParse(url, out var origin));
        return new PaymentFacts(new AgentId(agent), group, null, origin, merchant, category, TestTokens.Sepolia, TestTokens.Usdc, EvmAddress.Parse(Given.Seller), new Usd(1));
    }

    private static string Text(BudgetLine line) => $"{line.Id} {line.Scope} {line.Window} {line.Limit}";
}
