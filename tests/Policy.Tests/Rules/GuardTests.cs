using System.Globalization;
using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests.Rules;

/// <summary>What the policy asks of the books beside its limits.</summary>
public sealed class GuardTests
{
    private static readonly PolicySet Policy = Given.Policy("""
        { "networks": ["base-sepolia"],
          "merchants": {
            "exa": { "hosts": "api.exa.ai", "priceDrift": "25%", "breaker": { "failures": 2, "pause": "30m" } },
            "shop": { "hosts": "shop.example", "priceDrift": "300%" },
            "plain": { "hosts": "plain.example" } },
          "policies": {
            "p": { "allow": ["*"],
              "approval": { "above": "0.05", "newRecipient": true, "hold": "30s" },
              "priceDrift": "50%", "loop": { "times": 5, "within": "1m" }, "breaker": { "failures": 3, "pause": "15m" } } },
          "agents": {
            "bare": { "allow": ["*"] },
            "all": { "policy": "p" },
            "own": { "policy": "p", "approval": { "newHost": true, "expires": "2d" }, "priceDrift": "0%", "loop": { "times": 1, "within": "1d" }, "breaker": { "failures": 1, "pause": "1s" } },
            "above": { "allow": ["*"], "approval": { "above": "0.05" } },
            "zero": { "allow": ["*"], "approval": { "above": "0" } },
            "drift": { "allow": ["*"], "approval": { "priceDrift": true } } } }
        """);

    public static TheoryData<string, string, string, string, string> Cases => new()
    {
        { "nothing asked", "bare", "https://plain.example", "10000", "" },
        { "a merchant's own guards for everyone", "bare", "https://api.exa.ai", "10000", "drift 25 by merchants.exa.priceDrift; breaker 2 for 00:30:00 on merchant=exa by merchants.exa.breaker" },
        { "a merchant's drift alone", "bare", "https://shop.example", "10000", "drift 300 by merchants.shop.priceDrift" },
        { "everything of the policy", "all", "https://plain.example", "10000", "ask newRecipient hold 00:00:30 for 01:00:00 by policies.p.approval; drift 50 by policies.p.priceDrift; loop 5 in 00:01:00 by policies.p.loop; breaker 3 for 00:15:00 on merchant=plain by policies.p.breaker" },
        { "the breaker of an origin that no merchant names", "all", "https://other.example", "10000", "ask newRecipient hold 00:00:30 for 01:00:00 by policies.p.approval; drift 50 by policies.p.priceDrift; loop 5 in 00:01:00 by policies.p.loop; breaker 3 for 00:15:00 on origin=https://other.example by policies.p.breaker" },
        { "the lower drift is the merchant's, the breaker too", "all", "https://api.exa.ai", "10000", "ask newRecipient hold 00:00:30 for 01:00:00 by policies.p.approval; drift 25 by merchants.exa.priceDrift; loop 5 in 00:01:00 by policies.p.loop; breaker 2 for 00:30:00 on merchant=exa by merchants.exa.breaker" },
        { "the lower drift is the policy's", "all", "https://shop.example", "10000", "ask newRecipient hold 00:00:30 for 01:00:00 by policies.p.approval; drift 50 by policies.p.priceDrift; loop 5 in 00:01:00 by policies.p.loop; breaker 3 for 00:15:00 on merchant=shop by policies.p.breaker" },
        { "above, and a new recipient", "all", "https://shop.example", "50001", "ask above newRecipient hold 00:00:30 for 01:00:00 by policies.p.approval; drift 50 by policies.p.priceDrift; loop 5 in 00:01:00 by policies.p.loop; breaker 3 for 00:15:00 on merchant=shop by policies.p.breaker" },
        { "the agent's replace the policy's as a whole", "own", "https://other.example", "50001", "ask newHost hold 00:00:00 for 2.00:00:00 by agents.own.approval; drift 0 by agents.own.priceDrift; loop 1 in 1.00:00:00 by agents.own.loop; breaker 1 for 00:00:01 on origin=https://other.example by agents.own.breaker" },
        { "a host that a merchant names is not new", "own", "https://plain.example", "50001", "drift 0 by agents.own.priceDrift; loop 1 in 1.00:00:00 by agents.own.loop; breaker 1 for 00:00:01 on merchant=plain by agents.own.breaker" },
        { "at the threshold nobody is asked", "above", "https://plain.example", "50000", "" },
        { "a unit above", "above", "https://plain.example", "50001", "ask above hold 00:00:00 for 01:00:00 by agents.above.approval" },
        { "above nothing means always", "zero", "https://plain.example", "1", "ask above hold 00:00:00 for 01:00:00 by agents.zero.approval" },
        { "a drift that nothing guards asks for nobody", "drift", "https://plain.example", "10000", "" },
        { "a drift that the merchant guards", "drift", "https://shop.example", "10000", "ask priceDrift hold 00:00:00 for 01:00:00 by agents.drift.approval; drift 300 by merchants.shop.priceDrift" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void The_books_are_asked_what_the_rules_say(string note, string agent, string url, string price, string expected)
    {
        Assert.NotEmpty(note);
        var allowed = Assert.IsType<Verdict.Allowed>(new PolicyEvaluator(Policy).Judge(Given.Question(agent, url, price)));

        Assert.Equal(expected, Words(allowed.Guards));
    }

    [Fact]
    public void A_breaker_counts_the_payments_of_everyone_to_the_merchant_and_nobody_elses()
    {
        var evaluator = new PolicyEvaluator(Policy);
        PaymentFacts Facts(string agent, string url) => Assert.IsType<Verdict.Allowed>(evaluator.Judge(Given.Question(agent, url))).Facts;
        BreakerGuard Breaker(string url) => Assert.IsType<Verdict.Allowed>(evaluator.Judge(Given.Question("all", url))).Guards.Breaker!;

        Assert.True(Breaker("https://plain.example").Scope.Matches(Facts("bare", "https://plain.example")));
        Assert.False(Breaker("https://plain.example").Scope.Matches(Facts("all", "https://shop.example")));
        Assert.True(Breaker("https://other.example").Scope.Matches(Facts("bare", "https://other.example")));
        Assert.False(Breaker("https://other.example").Scope.Matches(Facts("bare", "https://other.example:8443")));
    }

    [Fact]
    public void An_upstream_and_a_shadow_are_there_for_the_asking()
    {
        var policy = Given.Policy("""
            { "networks": ["base-sepolia"], "shadow": "next.json", "agents": {},
              "merchants": { "exa": { "hosts": "api.exa.ai", "upstream": "https://API.exa.ai/v1/" }, "lan": { "hosts": "*.lan.example", "allowCleartext": true, "upstream": "http://a.lan.example" }, "plain": { "hosts": "plain.example" } } }
            """);

        Assert.Equal("https://api.exa.ai /v1", $"{policy.UpstreamOf("exa")!.Value.Origin} {policy.UpstreamOf("exa")!.Value.BasePath}");
        Assert.Equal("http://a.lan.example ", $"{policy.UpstreamOf("lan")!.Value.Origin} {policy.UpstreamOf("lan")!.Value.BasePath}");
        Assert.Null(policy.UpstreamOf("plain"));
        Assert.Null(policy.UpstreamOf("nobody"));
        Assert.Equal("next.json", policy.Shadow);
        Assert.Null(Policy.Shadow);
    }

    private static string Words(PaymentGuards guards)
    {
        string?[] words =
        [
            guards.Approval is { } ask ? Text($"ask{(ask.IsAbove ? " above" : "")}{(ask.NewRecipient ? " newRecipient" : "")}{(ask.NewHost ? " newHost" : "")}{(ask.PriceDrift ? " priceDrift" : "")} hold {ask.Hold} for {ask.ValidFor} by {ask.Rule}") : null,
            guards.PriceDrift is { } drift ? Text($"drift {drift.Percent} by {drift.Rule}") : null,
            guards.Loop is { } loop ? Text($"loop {loop.Times} in {loop.Within} by {loop.Rule}") : null,
            guards.Breaker is { } breaker ? Text($"breaker {breaker.Failures} for {breaker.Pause} on {breaker.Scope} by {breaker.Rule}") : null,
        ];
        return string.Join("; ", words.OfType<string>());

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
