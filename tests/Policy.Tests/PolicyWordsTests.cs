using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests;

public sealed class PolicyWordsTests
{
    [Fact]
    public void Words_tell_the_money_first()
    {
        var policy = Given.Policy("""
            { "networks": ["base-sepolia"],
              "organization": { "limits": { "day": "200.00" } },
              "groups": { "lab": { "limits": { "month": "40.00" } } },
              "agents": { "me": { "group": "lab", "allow": ["*.papers.example"], "deny": ["bad.papers.example"], "egress": "listed-only",
                                  "limits": { "payment": "0.05", "day": "1.00", "24h": "0.80", "in": { "a.papers.example": { "day": "0.10" } } } } } }
            """);

        Assert.Equal(
            [
                "spends at most 0.05 USD per payment, 1.00 USD per day, 0.80 USD in any 24h",
                "may pay *.papers.example on base-sepolia with USDC",
                "narrower: day in a.papers.example 0.10 USD",
                "shared with everyone in group lab: month 40.00 USD",
                "shared with everyone: day 200.00 USD",
                "never pays bad.papers.example",
                "at hosts without a merchant, the first recipient seen is pinned",
                "reaches only hosts that it may pay; these are decrypted",
            ],
            PolicyWords.Of(policy).Single().Sentences);
    }

    public static TheoryData<string, string> Money => new()
    {
        { "{}", "may pay nothing: `allow` is empty" },
        { """{ "allow": ["*"] }""", "spends without any limit over time: set `limits.day` or `limits.total`" },
        { """{ "allow": ["*"], "limits": { "payment": "0.05" } }""", "spends at most 0.05 USD per payment, and without any limit over time: set `limits.day` or `limits.total`" },
        { """{ "allow": ["*"], "limits": { "total": "5000000" } }""", "spends at most 5000000.00 USD in total" },
    };

    [Theory, MemberData(nameof(Money))]
    public void An_agent_without_limits_is_told_so(string agent, string sentence)
    {
        var policy = Given.Policy($$"""{ "networks": ["base-sepolia"], "agents": { "me": {{agent}} } }""");

        Assert.Equal(sentence, PolicyWords.Of(policy).Single().Sentences[0]);
    }

    public static TheoryData<string, string, string> Changes => new()
    {
        { """ "allow": ["*"], "limits": { "day": "1.00" } """, """ "allow": ["*"], "limits": { "day": "5.00" } """, "agents.me: day 1.00 -> 5.00" },
        { """ "allow": ["a.example"], "limits": { "day": "1.00" } """, """ "allow": ["a.example", "*.papers.example"], "limits": { "day": "5.00" } """, "agents.me: day 1.00 -> 5.00; now may pay *.papers.example" },
        { """ "allow": ["a.example", "b.example"] """, """ "allow": ["b.example", "a.example"] """, "nothing that decides" },
        { """ "allow": ["a.example"] """, """ "allow": ["a.example"], "deny": ["b.example"] """, "agents.me: now denied b.example" },
        { """ "deny": ["b.example"] """, """ "deny": [] """, "agents.me: no longer denied b.example" },
        { """ "limits": { "day": "1.00", "1h": "0.10" } """, """ "limits": { "day": "1.00" } """, "agents.me: 1h 0.10 -> no limit" },
        { """ "limits": {} """, """ "limits": { "in": { "a.example": { "day": "1.00" } } } """, "agents.me: day in a.example no limit -> 1.00" },
        { """ "allow": ["*"] """, """ "allow": ["*"], "recipients": "any", "egress": "listed-only" """, "agents.me: recipients pin -> any; egress any -> listed-only" },
    };

    [Theory, MemberData(nameof(Changes))]
    public void A_change_is_told_as_it_takes_effect(string before, string after, string words)
    {
        var (old, now) = (Given.Policy(Policy(before)), Given.Policy(Policy(after)));

        Assert.Equal(words, PolicyChange.Describe(old, now));

        static string Policy(string members) => $$"""{ "networks": ["base-sepolia"], "agents": { "me": { {{members}} } } }""";
    }

    [Fact]
    public void A_change_of_a_template_is_told_once_for_all_who_take_it()
    {
        var (old, now) = (Given.Policy(Policy("1.00", "")), Given.Policy(Policy("2.00", """, "e": { "policy": "p" }""")));

        Assert.Equal("agents.a, agents.b, agents.c and 1 more: day 1.00 -> 2.00 | agents.e: new; day no limit -> 2.00; now may pay *", PolicyChange.Describe(old, now));

        static string Policy(string day, string more) =>
            $$"""{ "networks": ["base-sepolia"], "policies": { "p": { "allow": ["*"], "limits": { "day": "{{day}}" } } }, "agents": { "a": { "policy": "p" }, "b": { "policy": "p" }, "c": { "policy": "p" }, "d": { "policy": "p" }{{more}} } }""";
    }

    [Fact]
    public void A_change_of_a_thousand_things_stays_a_journal_line()
    {
        var (old, now) = (Given.Policy(Policy(1)), Given.Policy(Policy(2)));

        Assert.Equal(PolicyChange.MaxLength, PolicyChange.Describe(old, now).Length);

        static string Policy(int dollars) =>
            $$"""{ "networks": ["base-sepolia"], "agents": { {{string.Join(", ", Enumerable.Range(1, 1000).Select(i => $$"""  "a{{i}}": { "limits": { "day": "{{i * dollars}}.00" } }"""))}} } }""";
    }

    [Fact]
    public void Warnings_tell_what_loads_and_surprises()
    {
        var load = Given.Load("""
            { "networks": ["base-sepolia"],
              "agents": { "me": { "allow": ["*"], "deny": ["category:gambling"], "recipients": "any" } } }
            """);

        Assert.NotNull(load.Policy);
        Assert.Equal(
            [
                "policies.json:2: agents.me.deny[0]: no merchant and no entry of `categories` is in `gambling`: this denies nothing",
                "policies.json:2: agents.me.recipients: any recipient is paid, also one that an intruder puts into the seller's answer: list addresses, or use `pin`",
            ],
            load.Warnings.Select(w => w.ToString()));
    }
}
