using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Rules;

/// <summary>Every decision tells which rule said what, in order; a refusal is the last word.</summary>
public sealed class TraceTests
{
    private static readonly PolicySet Policy = Given.Policy("""
        { "networks": ["base-sepolia"], "timeZone": "Europe/Berlin",
          "merchants": { "exa": { "hosts": "api.exa.ai", "recipients": ["0x1111111111111111111111111111111111111111"], "limits": { "payment": "0.20" } } },
          "policies": { "p": { "allow": ["exa"], "deny": ["exa * /admin"], "schedule": "wed 08:00-20:00", "limits": { "payment": "0.10" },
            "approval": { "above": "0.05" }, "priceDrift": "50%", "loop": { "times": 5, "within": "1m" }, "breaker": { "failures": 3, "pause": "15m" } } },
          "agents": { "r-*": { "policy": "p" }, "me": { "allow": ["*"] } } }
        """);

    private static readonly string[] Agent = ["agents.r-* Allows policy p"];
    private static readonly string[] Place = [.. Agent, "agents.r-*.deny Allows nothing in it matches", "policies.p.allow[0] Allows exa", "policies.p.schedule Allows wed 08:00-20:00 in Europe/Berlin"];
    private static readonly string[] Offer = [.. Place, "networks Allows base-sepolia", "schemes Allows exact", "assets Allows USDC"];
    private static readonly string[] Recipient = [.. Offer, "merchants.exa.recipients Allows 0x1111111111111111111111111111111111111111"];

    [Fact]
    public void An_allowed_payment_tells_everything_that_let_it_through() =>
        Assert.Equal(
            [
                .. Recipient,
                "policies.p.limits.payment Limits at most 0.10 USD",
                "policies.p.approval Asks above 0.05 USD",
                "policies.p.priceDrift Limits against the last price here",
                "policies.p.loop Limits for one and the same request",
                "policies.p.breaker Limits after payments without delivery",
            ],
            Trace(Given.Question("r-1", price: "60000")));

    [Fact]
    public void What_is_not_said_leaves_no_step() =>
        Assert.Equal(
            ["agents.me Allows ", "agents.me.allow[0] Allows *", "networks Allows base-sepolia", "schemes Allows exact", "assets Allows USDC", "agents.me.recipients Allows pin"],
            Trace(Given.Question("me", "https://other.example")));

    [Fact]
    public void A_refusal_is_the_last_step()
    {
        Assert.Equal(["agents Refuses no entry"], Trace(Given.Question("stranger")));
        Assert.Equal([.. Agent, "policies.p.deny[0] Refuses exa * /admin"], Trace(Given.Question("r-1", path: "/admin")));
        Assert.Equal([.. Place[..2], "policies.p.allow Refuses nothing in it matches"], Trace(Given.Question("r-1", "https://other.example")));
        Assert.Equal([.. Place[..3], "policies.p.schedule Refuses wed 08:00-20:00 in Europe/Berlin"], Trace(Given.Question("r-1", at: Given.Noon.AddDays(1))));
        Assert.Equal([.. Place, "merchants.exa.allowCleartext Refuses http"], Trace(Given.Question("r-1", "http://api.exa.ai")));
        Assert.Equal([.. Place, "merchants.exa.payHead Refuses the method"], Trace(Given.Question("r-1", method: "HEAD")));
        Assert.Equal([.. Place, "networks Refuses base-sepolia"], Trace(Given.Question("r-1", network: TestTokens.Base)));
        Assert.Equal([.. Offer[..5], "schemes Refuses exact"], Trace(Given.Question("r-1", scheme: "upto")));
        Assert.Equal([.. Offer[..6], "assets Refuses USDC"], Trace(Given.Question("r-1", asset: TestTokens.Eurc)));
        Assert.Equal([.. Offer[..6], "assets Refuses USDC"], Trace(Given.Question("r-1", domain: "X/2")));
        Assert.Equal([.. Offer, "merchants.exa.recipients Refuses 0x1111111111111111111111111111111111111111"], Trace(Given.Question("r-1", payTo: Given.Stranger)));
        Assert.Equal([.. Recipient, "- Refuses the price"], Trace(Given.Question("r-1", price: "0")));
        Assert.Equal([.. Recipient, "policies.p.limits.payment Refuses at most 0.10 USD"], Trace(Given.Question("r-1", price: "100001")));
        Assert.Equal([.. Recipient, "policies.p.limits.payment Limits at most 0.10 USD", "Smart-Proxy-Max-Price Refuses at most 0.005 USD"], Trace(Given.Question("r-1", maxPrice: "0.005")));
    }

    private static IEnumerable<string> Trace(PaymentQuestion question) =>
        new PolicyEvaluator(Policy).Judge(question).Trace.Select(step => $"{step.Rule} {step.Saying} {step.Detail}");
}
