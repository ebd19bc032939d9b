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
              "agents": { "me": { "group": "lab", "allow": ["*.papers.example"], "deny": ["bad.papers.example"], "egress": "listed-only", "webSockets": "none",
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
                "opens no WebSockets where they can be seen",
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
        { """ "limits": { "payments": { "1m": 30 } } """, """ "limits": { "payments": { "1m": 60 } } """, "agents.me: payments.1m 30 -> 60" },
        { """ "limits": { "year": "1.00" } """, """ "limits": { "each": { "recipient": { "quarter": "1.00" } } } """, "agents.me: quarter for each recipient no limit -> 1.00; year 1.00 -> no limit" },
        { """ "limits": {} """, """ "limits": { "in": { "network:eip155:84532": { "day": "1.00" }, "asset:USDC": { "day": "2.00" } } } """, "agents.me: day in network:base-sepolia no limit -> 1.00; day in asset:USDC no limit -> 2.00" },
        { """ "approval": { "above": "0.05" } """, """ "approval": { "above": "0.50", "newHost": true, "hold": "30s" } """, "agents.me: approval above 0.05 USD; answered at once, open for 1h -> above 0.50 USD, a new host; waits 30s, open for 1h" },
        { """ "allow": [] """, """ "schedule": ["sat,sun,mon 08:00-20:00", "fri 22:00-24:00"] """, "agents.me: schedule always -> fri 22:00-24:00, mon,sat,sun 08:00-20:00 in UTC" },
        { """ "schedule": ["mon-tue 08:00-20:00", "wed 08:00-20:00"] """, """ "schedule": ["wed 08:00-20:00", "mon,tue 08:00-20:00"] """, "nothing that decides" },
        { """ "priceDrift": "50%", "loop": { "times": 5, "within": "60s" } """, """ "loop": { "times": 6, "within": "1m" }, "breaker": { "failures": 3, "pause": "24h" } """, "agents.me: priceDrift 50% -> none; loop 5 in 1m -> 6 in 1m; breaker none -> 3 failures, pause 1d" },
        { """ "allow": ["*"] """, """ "allow": ["*"], "recipients": "any", "egress": "listed-only" """, "agents.me: recipients pin -> any; egress any -> listed-only" },
        { """ "webSockets": "none" """, """ "webSockets": "listed" """, "agents.me: webSockets none -> listed" },
    };

    [Theory, MemberData(nameof(Changes))]
    public void A_change_is_told_as_it_takes_effect(string before, string after, string words)
    {
        var (old, now) = (Given.Policy(Policy(before)), Given.Policy(Policy(after)));

        Assert.Equal(words, PolicyChange.Describe(old, now));

        static string Policy(string members) => $$"""{ "networks": ["base-sepolia"], "agents": { "me": { {{members}} } } }""";
    }

    [Fact]
    public void Changes_of_the_file_of_groups_and_of_merchants_are_told()
    {
        const string before = """
            { "networks": ["base-sepolia"], "agents": {}, "groups": { "lab": { "tags": { "a": "1" } } }, "merchants": { "exa": { "hosts": "api.exa.ai" } } }
            """;
        const string after = """
            { "networks": ["base-sepolia"], "agents": {}, "pins": false, "shadow": "next.json", "testNetworks": ["eip155:31337"],
              "tokens": [ { "symbol": "EURT", "network": "base-sepolia", "address": "0x3333333333333333333333333333333333333333", "name": "Euro Test", "version": "1", "decimals": 18, "usd": "1.10" } ],
              "groups": { "lab": { "tags": { "a": "2" } } },
              "merchants": { "exa": { "hosts": "api.exa.ai", "priceDrift": "5%", "breaker": { "failures": 2, "pause": "90s" }, "upstream": "https://api.exa.ai/v1" } } }
            """;

        Assert.Equal(
            "file: testNetworks none -> eip155:31337; pins true -> false; shadow none -> next.json; token 0x3333333333333333333333333333333333333333 on base-sepolia none -> EURT, `Euro Test` version `1`, 18 decimals, 1.10 USD"
            + " | merchants.exa: recipients pin -> nobody; priceDrift none -> 5%; breaker none -> 2 failures, pause 90s; upstream none -> https://api.exa.ai/v1"
            + " | groups.lab: tags a=1 -> a=2",
            PolicyChange.Describe(Given.Policy(before), Given.Policy(after)));
    }

    [Fact]
    public void Words_tell_counts_hours_and_guards()
    {
        var policy = Given.Policy("""
            { "networks": ["base-sepolia"],
              "agents": { "me": { "allow": ["*"], "schedule": "mon-fri 08:00-20:00",
                "limits": { "year": "90.00", "payments": { "1m": 30, "day": 1, "concurrent": 3 }, "each": { "category": { "payments": { "day": 4 } } } },
                "approval": { "above": "0.05", "hold": "30s" }, "priceDrift": "50%", "loop": { "times": 5, "within": "1m" }, "breaker": { "failures": 1, "pause": "15m" } } } }
            """);

        Assert.Equal(
            [
                "spends at most 90.00 USD per year",
                "may pay every host on base-sepolia with USDC",
                "pays at most 1 payment per day, 30 payments in any 1m, 3 payments at once",
                "pays only mon-fri 08:00-20:00 in UTC",
                "asks a person for above 0.05 USD; waits 30s, open for 1h",
                "refuses a price more than 50% above the last one at the same endpoint",
                "pays for one and the same request at most 5 payments in any 1m",
                "stops for 15m after 1 payment without delivery",
                "narrower: payments.day for each category 4",
                "at hosts without a merchant, the first recipient seen is pinned",
                "reaches every host; those that it may pay are decrypted",
            ],
            PolicyWords.Of(policy).Single().Sentences);
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
    public void Warnings_tell_of_tokens_and_questions_that_lead_nowhere()
    {
        var load = Given.Load("""
            { "networks": ["base-sepolia"],
              "tokens": [
                { "symbol": "USDC", "network": "base-sepolia", "address": "0x3333333333333333333333333333333333333333", "name": "Fake", "version": "1", "decimals": 6, "usd": "1" },
                { "symbol": "EURT", "network": "sepolia", "address": "0x3333333333333333333333333333333333333333", "name": "Euro", "version": "1", "decimals": 6, "usd": "1" } ],
              "agents": { "me": { "allow": ["*"], "approval": { "priceDrift": true } } } }
            """);

        Assert.NotNull(load.Policy);
        Assert.Equal(
            [
                "policies.json:3: tokens[0]: `USDC` on base-sepolia is also 0x036CbD53842c5426634e7929541eC2318f3dCF7e: `assets` lets both in",
                "policies.json:4: tokens[1]: nothing is paid on sepolia, for it is not among `networks`: this token is never used",
                "policies.json:5: agents.me.approval: `priceDrift` asks for nobody where nothing sets how much a price may drift: add `priceDrift` beside `approval`",
            ],
            load.Warnings.Select(w => w.ToString()));
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
