using System.Text;
using SmartProxy.Policy.Edits;
using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests.Edits;

/// <summary>For every reason of the policy: the suggested edit makes the same question pass that rule, and touches nothing else.</summary>
public sealed class PolicyRepairerTests
{
    private const string Team = """
        {
          "networks": ["base-sepolia"],
          "merchants": {
            "exa": { "hosts": "api.exa.ai", "recipients": ["0x1111111111111111111111111111111111111111"] },
            "closed": { "hosts": "closed.test" }
          },
          "policies": {
            "research": { "allow": ["exa"], "deny": ["casino.test"], "limits": { "payment": "0.05" } } // the team's
          },
          "agents": { "me": { "policy": "research", "limits": { "day": "1.00" } } }
        }
        """;

    /// <summary>What was asked, why it was refused, and what to do about it; the last one is said in words.</summary>
    public static TheoryData<DenyReason, string, string> Cases => new()
    {
        { DenyReason.UnknownAgent, "agent=you", """add "you": { "allow": ["exa"], "limits": { "payment": "0.01", "day": "0.01" } } to agents""" },
        { DenyReason.Denied, "url=https://casino.test", "remove casino.test from policies.research.deny" },
        { DenyReason.MerchantNotAllowed, "url=https://closed.test", """add "closed" to policies.research.allow""" },
        { DenyReason.MerchantNotAllowed, "url=https://other.test:8443", """add "other.test:8443" to policies.research.allow""" },
        { DenyReason.CleartextNotAllowed, "url=http://api.exa.ai", """add "allowCleartext": true to merchants.exa""" },
        { DenyReason.MethodNotPayable, "method=HEAD", """add "payHead": true to merchants.exa""" },
        { DenyReason.MethodNotPayable, "upgrade", """add "payUpgrades": true to merchants.exa""" },
        { DenyReason.RecipientNotAllowed, "payTo=0x2222222222222222222222222222222222222222", """add "0x2222222222222222222222222222222222222222" to merchants.exa.recipients""" },
        { DenyReason.AmountOverPaymentLimit, "price=80000", "raise policies.research.limits.payment from 0.05 to 0.08" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void The_suggested_edit_lets_the_same_question_pass(DenyReason reason, string asked, string words)
    {
        var question = Asked(asked);
        Assert.Equal(reason, Assert.IsType<Verdict.Denied>(Judge(Team, question)).Reason);

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(Team), question);

        Assert.NotNull(repair);
        Assert.Equal(words, repair.Edits[0].Words);
        Assert.True(repair.Verdict is Verdict.Allowed || ((Verdict.Denied)repair.Verdict!).Reason > reason, $"{repair.Verdict}");
        Assert.IsType<Verdict.Allowed>(Judge(Changed(repair), question));
        Assert.Contains("// the team's", Changed(repair), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("method=OPTIONS", DenyReason.MethodNotPayable)]
    [InlineData("payTo=0x0000000000000000000000000000000000000000", DenyReason.RecipientNotAllowed)]
    [InlineData("price=0", DenyReason.AmountOutOfRange)]
    [InlineData("maxPrice=0.001", DenyReason.AmountOverMaxPrice)]
    [InlineData("asset=0x3333333333333333333333333333333333333333", DenyReason.AssetNotAllowed)]
    public void What_no_edit_can_help_gets_no_suggestion(string asked, DenyReason reason)
    {
        var question = Asked(asked);
        Assert.Equal(reason, Assert.IsType<Verdict.Denied>(Judge(Team, question)).Reason);

        Assert.Null(new PolicyRepairer(TestTokens.Registry).Find(Text(Team), question));
    }

    [Fact]
    public void Several_rules_in_the_way_are_met_one_after_the_other()
    {
        var question = Asked("url=http://closed.test price=80000");

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(Team), question)!;

        Assert.Equal(
            ["""add "closed" to policies.research.allow""", """add "allowCleartext": true to merchants.closed""", "raise policies.research.limits.payment from 0.05 to 0.08"],
            repair.Edits.Select(edit => edit.Words));
        Assert.IsType<Verdict.Allowed>(repair.Verdict);
    }

    [Fact]
    public void What_edits_can_not_finish_is_told_as_far_as_they_go()
    {
        var main = Given.Question(url: "https://closed.test", network: TestTokens.Base, asset: TestTokens.MainUsdc, domain: "USD Coin/2");

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(Team), main)!;

        // A main network beside a test one is no policy, so that edit is not among them.
        Assert.Equal("""add "closed" to policies.research.allow""", Assert.Single(repair.Edits).Words);
        Assert.Equal(DenyReason.NetworkNotAllowed, Assert.IsType<Verdict.Denied>(repair.Verdict).Reason);
    }

    [Fact]
    public void A_host_without_a_merchant_gets_one_where_only_merchants_can_say_it()
    {
        const string one = """{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["plain.test"] } } }""";

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(one), Asked("url=http://plain.test"))!;

        Assert.Equal("""add "merchants": { "plain-test": { "hosts": "plain.test", "allowCleartext": true } }""", Assert.Single(repair.Edits).Words);
        Assert.IsType<Verdict.Allowed>(repair.Verdict);
    }

    [Fact]
    public void A_network_is_added_where_it_is_missing_and_never_a_main_one_beside_a_test_one()
    {
        var other = TestTokens.Registry.Assets.First(asset => asset.Chain != TestTokens.Sepolia && asset.Symbol == "USDC");
        var question = Given.Question(network: other.Chain, asset: other.Address, domain: $"{other.DomainName}/{other.DomainVersion}");
        Assert.Equal(DenyReason.NetworkNotAllowed, ((Verdict.Denied)Judge(Team, question)).Reason);

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(Team), question);

        Assert.Equal(TestTokens.Registry.IsTestNetwork(other.Chain), repair is not null);
    }

    [Theory]
    [InlineData("\"mon 08:00-09:00\"", "add \"wed 12:00-13:00\" to agents.me.schedule")]
    [InlineData("[\"mon 08:00-09:00\", \"sat 08:00-09:00\"]", "add \"wed 12:00-13:00\" to agents.me.schedule")]
    [InlineData("{ \"hours\": \"mon 08:00-09:00\", \"timeZone\": \"America/New_York\" }", "add \"wed 07:00-08:00\" to agents.me.schedule.hours")]
    public void A_closed_schedule_is_opened_for_the_hour_of_the_request(string schedule, string words)
    {
        var text = $$"""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "schedule": {{schedule}} } } }""";
        Assert.Equal(DenyReason.OutsideSchedule, ((Verdict.Denied)Judge(text, Given.Question())).Reason);

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(text), Given.Question())!;

        Assert.Equal(words, Assert.Single(repair.Edits).Words);
        Assert.IsType<Verdict.Allowed>(Judge(Changed(repair), Given.Question()));
    }

    [Theory]
    [InlineData("", "add \"assets\": [\"USDC\", \"EURC\"]")] // what goes without saying has to be said then
    [InlineData("\"assets\": \"USDC\",", "add \"EURC\" to assets")]
    public void A_known_token_is_added_to_the_list(string assets, string words)
    {
        var text = $$"""{ "networks": ["base-sepolia"], {{assets}} "agents": { "me": { "allow": ["*"] } } }""";
        var question = Given.Question(asset: TestTokens.Eurc, domain: "EURC/2");
        Assert.Equal(DenyReason.AssetNotAllowed, ((Verdict.Denied)Judge(text, question)).Reason);

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(text), question)!;

        Assert.Equal(words, Assert.Single(repair.Edits).Words);
        Assert.IsType<Verdict.Allowed>(Judge(Changed(repair), question));
    }

    [Fact]
    public void A_token_that_the_seller_names_differently_can_be_declared_and_the_words_warn()
    {
        const string text = """{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"] } } }""";
        var question = Given.Question(domain: "USD Coin/1");
        Assert.Equal(DenyReason.AssetDomainMismatch, ((Verdict.Denied)Judge(text, question)).Reason);

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(text), question)!;

        Assert.StartsWith("if the contract itself says so:", Assert.Single(repair.Edits).Words, StringComparison.Ordinal);
        Assert.IsType<Verdict.Allowed>(Judge(Changed(repair), question));
    }

    [Theory]
    [InlineData("agents.me.networks", """ "networks": ["base-sepolia", "sepolia"], "agents": { "me": { "allow": ["*"], "networks": "base-sepolia" } } """)]
    [InlineData("networks", """ "networks": "base-sepolia", "agents": { "me": { "allow": ["*"] } } """)]
    public void A_network_is_added_to_the_list_that_shuts_it_out(string place, string members)
    {
        var text = $$"""{ {{members}} }""";
        var question = Given.Question(network: TestTokens.OtherTest);
        Assert.Equal(DenyReason.NetworkNotAllowed, ((Verdict.Denied)Judge(text, question)).Reason);

        var repair = new PolicyRepairer(TestTokens.Registry).Find(Text(text), question)!;

        Assert.Equal(place, Assert.Single(repair.Edits).Place);
        Assert.IsType<Verdict.Allowed>(Judge(Changed(repair), question));
    }

    [Theory]
    [InlineData("\"payments\": { \"day\": 2 }", "agents.me.limits.payments.day", SpendMeasure.Payments, 3, "raise agents.me.limits.payments.day from 2 to 3")]
    [InlineData("\"in\": { \"exa POST /search*\": { \"day\": \"0.01\" } }", "agents.me.limits.in[\"exa POST /search*\"].day", SpendMeasure.Dollars, 20_000, "raise agents.me.limits.in[\"exa POST /search*\"].day from 0.01 to 0.02")]
    public void Counts_and_narrowed_limits_are_raised_like_the_others(string limits, string id, SpendMeasure measure, int units, string words)
    {
        var text = $$"""{ "networks": ["base-sepolia"], "merchants": { "exa": { "hosts": "api.exa.ai" } }, "agents": { "me": { "allow": ["*"], "limits": { {{limits}} } } } }""";

        var repair = new PolicyTuner(TestTokens.Registry).Raise(Text(text), id, new Quantity(measure, (UInt128)units))!;

        Assert.Equal(words, Assert.Single(repair.Edits).Words);
    }

    [Fact]
    public void Every_reason_of_the_policy_has_a_case_here()
    {
        DenyReason[] elsewhere = [DenyReason.NoPolicy, DenyReason.OutsideSchedule, DenyReason.NetworkNotAllowed, DenyReason.SchemeNotAllowed, DenyReason.AssetDomainMismatch];
        var here = Cases.Select(row => row.Data.Item1).Concat([DenyReason.AssetNotAllowed, DenyReason.AmountOutOfRange, DenyReason.AmountOverMaxPrice]);

        // There is one scheme, so the list of schemes can't shut out what another one would allow; without a policy there is no text to edit.
        Assert.Equal(Enum.GetValues<DenyReason>(), here.Concat(elsewhere).Distinct().Order());
    }

    [Fact]
    public void A_limit_over_time_is_raised_to_what_would_have_had_room()
    {
        var repair = new PolicyTuner(TestTokens.Registry).Raise(Text(Team), "agents.me.limits.day", new Usd(1_050_000))!;

        Assert.Equal("raise agents.me.limits.day from 1.00 to 1.05", Assert.Single(repair.Edits).Words);
        Assert.Equal(10, repair.Edits[0].Line);
        Assert.Contains("\"day\": \"1.05\"", Changed(repair), StringComparison.Ordinal);
        Assert.Null(new PolicyTuner(TestTokens.Registry).Raise(Text(Team), "agents.me.limits.month", new Usd(1)));
    }

    [Fact]
    public void A_changed_recipient_is_listed_at_its_merchant()
    {
        var question = Asked("url=https://closed.test payTo=0x2222222222222222222222222222222222222222");
        var open = Team.Replace("\"allow\": [\"exa\"]", "\"allow\": [\"*\"]", StringComparison.Ordinal);

        var repair = new PolicyRepairer(TestTokens.Registry).List(Text(open), question)!;

        Assert.Equal("""add "recipients": ["0x2222222222222222222222222222222222222222"] to merchants.closed""", Assert.Single(repair.Edits).Words);
        Assert.Equal(RecipientRule.Listed, Assert.IsType<Verdict.Allowed>(repair.Verdict).Recipient);
    }

    [Theory]
    [InlineData("policies.research.deny[0] casino.test", 8)]
    [InlineData("agents.me.limits.day", 10)]
    [InlineData("agents.me.recipients", 10)] // said by default: the agent's own line
    [InlineData("merchants.exa.recipients", 4)]
    public void A_rule_is_found_by_its_words(string rule, int line) => Assert.Equal(new PolicyPlace("policies.json", line), PolicyPlace.Of(Text(Team), rule));

    [Theory]
    [InlineData("-")]
    [InlineData("Smart-Proxy-Max-Price")]
    public void Words_that_are_no_place_have_none(string rule) => Assert.Null(PolicyPlace.Of(Text(Team), rule));

    [Fact]
    public void In_a_folder_the_edit_is_made_in_the_file_that_says_it()
    {
        var folder = PolicyText.OfFolder("policies.d", [
            new PolicyPart("a.json", """{ "networks": ["base-sepolia"] }"""u8.ToArray()),
            new PolicyPart("b.json", "{\n\"agents\": { \"me\": { \"allow\": [\"*\"], \"limits\": { \"payment\": \"0.05\" } } } }"u8.ToArray()),
        ]);

        var repair = new PolicyRepairer(TestTokens.Registry).Find(folder, Asked("price=80000"))!;

        Assert.Equal((Path.Combine("policies.d", "b.json"), 2), (Assert.Single(repair.Edits).File, repair.Edits[0].Line));
        Assert.Equal(folder.Parts[0].Bytes.ToArray(), repair.Text.Parts[0].Bytes.ToArray());
    }

    private static PolicyText Text(string json) => PolicyText.OfFile("policies.json", Encoding.UTF8.GetBytes(json));

    private static string Changed(PolicyRepair repair) => Encoding.UTF8.GetString(repair.Text.Parts[0].Bytes.Span);

    private static Verdict Judge(string json, PaymentQuestion question) => new PolicyEvaluator(Given.Policy(json)).Judge(question);

    // `url=https://x method=HEAD`: what differs from the question that is allowed.
    private static PaymentQuestion Asked(string words)
    {
        var said = words.Split(' ').Select(word => word.Split('=', 2)).ToDictionary(word => word[0], word => word[^1]);
        return Given.Question(
            agent: said.GetValueOrDefault("agent", "me"),
            url: said.GetValueOrDefault("url", "https://api.exa.ai"),
            price: said.GetValueOrDefault("price", "10000"),
            payTo: said.GetValueOrDefault("payTo", Given.Seller),
            method: said.GetValueOrDefault("method", "GET"),
            upgrade: said.ContainsKey("upgrade"),
            asset: said.TryGetValue("asset", out var asset) ? EvmAddress.Parse(asset) : null,
            maxPrice: said.GetValueOrDefault("maxPrice"));
    }
}
