using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Rules;

/// <summary>A payment meets the limits of four owners on a single payment, and the lowest of them decides, whoever's it is.</summary>
public sealed class PaymentLimitTests
{
    [Theory]
    [InlineData("agents.me.limits.payment")]
    [InlineData("groups.lab.limits.payment")]
    [InlineData("merchants.exa.limits.payment")]
    [InlineData("organization.limits.payment")]
    public void The_lowest_limit_on_a_payment_decides_whoever_it_belongs_to(string lowest)
    {
        var evaluator = new PolicyEvaluator(Given.Policy($$"""
            { "networks": ["base-sepolia"],
              "organization": { "limits": { "payment": "{{Limit("organization")}}" } },
              "merchants": { "exa": { "hosts": "api.exa.ai", "limits": { "payment": "{{Limit("merchants.exa")}}" } } },
              "groups": { "lab": { "limits": { "payment": "{{Limit("groups.lab")}}" } } },
              "agents": { "me": { "group": "lab", "allow": ["*"], "limits": { "payment": "{{Limit("agents.me")}}" } } } }
            """));

        Assert.IsType<Verdict.Allowed>(evaluator.Judge(Given.Question(price: "10000")));
        var refused = Assert.IsType<Verdict.Denied>(evaluator.Judge(Given.Question(price: "10001")));
        Assert.Equal((DenyReason.AmountOverPaymentLimit, lowest), (refused.Reason, refused.Rule));

        string Limit(string owner) => lowest.StartsWith(owner, StringComparison.Ordinal) ? "0.01" : "5";
    }
}
