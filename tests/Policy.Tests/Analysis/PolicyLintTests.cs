using System.Globalization;
using SmartProxy.Policy.Analysis;
using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Analysis;

public sealed class PolicyLintTests
{
    public static TheoryData<string, string> Suspicions => new()
    {
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "day": "1.00" } } } """, "" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "payment": "2.00", "day": "1.00" } } } """, "day-below-payment agents.me.limits.day" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "day": "1.00", "week": "7.00" } } } """, "limit-never-binds agents.me.limits.week" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "day": "1.00", "week": "6.99" } } } """, "" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "1h": "1.00", "day": "24.00" } } } """, "limit-never-binds agents.me.limits.day" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "day": "1.00", "48h": "3.00" } } } """, "limit-never-binds agents.me.limits.48h" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "day": "1.00", "48h": "2.99" } } } """, "" },
        { """ "organization": { "limits": { "day": "2.00" } }, "agents": { "a": { "allow": ["a.example"], "limits": { "day": "1.00" } }, "b": { "allow": ["a.example"], "limits": { "day": "1.00" } } } """, "limit-never-binds organization.limits.day" },
        { """ "organization": { "limits": { "day": "2.00" } }, "agents": { "a-*": { "allow": ["a.example"], "limits": { "day": "1.00" } } } """, "" },
        { """ "agents": { "me": { "allow": ["a.example", "b.example"], "deny": ["*.example", "a.example"], "limits": { "day": "1.00" } } } """, "allow-shadowed agents.me.allow[0]|allow-shadowed agents.me.allow[1]" },
        { """ "agents": { "me": { "allow": ["a.example", "b.example"], "deny": ["b.example"], "limits": { "day": "1.00" } } } """, "allow-shadowed agents.me.allow[1]" },
        { """ "agents": { "me": { "allow": ["*"], "limits": { "day": "1.00" } } } """, "allow-everything agents.me.allow[0]" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "total": "1.00" } } } """, "" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "payment": "1.00" } } } """, "no-day-cap agents.me" },
        { """ "agents": { "me": { "allow": ["a.example"], "recipients": "any", "limits": { "day": "1.00" } } } """, "recipients-any agents.me.recipients" },
        { """ "agents": { "me": { "allow": ["a.example"], "deny": ["category:none"], "limits": { "day": "1.00" } } } """, "category-empty agents.me.deny[0]" },
        { """ "agents": { "me": { "allow": ["a.example"], "approval": { "above": "1.00" }, "limits": { "payment": "1.00", "day": "9.00" } } } """, "approval-never-asks agents.me.approval.above" },
        { """ "agents": { "me": { "allow": ["a.example"], "approval": { "above": "0.99" }, "limits": { "payment": "1.00", "day": "9.00" } } } """, "" },
        { """ "agents": { "me": { "allow": ["a.example"], "limits": { "payment": "1.00", "day": "9.00", "payments": { "day": 9 } } } } """, "day-cap-moot agents.me.limits.day|limit-never-binds agents.me.limits.day" },
        { """ "groups": { "lab": {} }, "policies": { "p": {} }, "agents": { "me": { "allow": ["a.example"], "limits": { "day": "1.00" } } } """, "group-unused groups.lab|policy-unused policies.p" },
        { """ "merchants": { "m": { "hosts": "m.example" } }, "agents": { "me": { "allow": ["a.example"], "limits": { "day": "1.00" } } } """, "merchant-unpayable merchants.m" },
        {
            """ "agents": { "a": { "allow": ["a.example"], "limits": { "day": "1.00" } }, "b": { "allow": ["a.example"], "limits": { "day": "2.00" } }, "c": { "allow": ["a.example"], "limits": { "day": "199.99" } } } """,
            "amount-outlier agents.c.limits.day"
        },
        { """ "agents": { "a": { "allow": ["a.example"], "limits": { "day": "1.00" } }, "b": { "allow": ["a.example"], "limits": { "day": "2.00" } }, "c": { "allow": ["a.example"], "limits": { "day": "99.99" } } } """, "" },
    };

    [Theory, MemberData(nameof(Suspicions))]
    public void A_suspicion_has_a_code_and_a_place(string members, string expected)
    {
        var load = Given.Load($$"""{ "networks": ["base-sepolia"], {{members}} }""");
        Assert.Empty(load.Problems);

        var warnings = PolicyLint.Check(PolicyAnalysis.Of(load.Policy!), "policies.json", load.Warnings);

        Assert.Equal(expected, string.Join('|', warnings.Select(w => $"{w.Code} {w.At.Path}")));
        Assert.All(warnings, w => Assert.Equal(1, w.At.Line));
    }

    [Fact]
    public void A_thousand_agents_and_a_thousand_merchants_are_checked()
    {
        var merchants = string.Join(", ", Enumerable.Range(0, 1000).Select(i => $$""" "m{{i}}": { "hosts": "m{{i}}.example", "category": "c{{i % 20}}", "limits": { "day": "{{i % 50 + 1}}.00", "month": "{{i % 70 + 100}}.00" } } """));
        var agents = string.Join(", ", Enumerable.Range(0, 1000).Select(i => string.Create(CultureInfo.InvariantCulture,
            $$""" "a{{i}}": { "group": "g{{i % 10}}", "allow": ["*"], "deny": ["category:c{{i % 20}}"], "limits": { "payment": "0.{{i % 9 + 1}}", "1h": "1.00", "day": "{{i % 30 + 1}}.00", "week": "{{i % 40 + 10}}.00", "month": "{{i % 60 + 30}}.00", "total": "500.00", "each": { "merchant": { "day": "2.00" } } } } """)));
        var groups = string.Join(", ", Enumerable.Range(0, 10).Select(i => $$""" "g{{i}}": { "limits": { "day": "{{i + 40}}.00" } } """));
        var load = Given.Load($$"""{ "networks": ["base-sepolia"], "merchants": { {{merchants}} }, "groups": { {{groups}} }, "agents": { {{agents}} } }""");
        Assert.Empty(load.Problems);

        var analysis = PolicyAnalysis.Of(load.Policy!);
        var told = analysis.Subjects.Select(s => analysis.Of(s, PolicyComparison.Periods)).ToList();
        PolicyLint.Check(analysis, "policies.json", []);

        Assert.Equal("1.00", told[0].Figures[WorstPeriod.Day].ToString().Replace("at most ", "", StringComparison.Ordinal));
        Assert.Equal(2_011, told.Count);
    }
}
