using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies;

public sealed class PolicyCommandTests : IDisposable
{
    private static readonly string Example = Repository.PathOf("policies.example.json");

    private readonly StringWriter _output = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public void Check_says_in_words_what_each_agent_can_spend()
    {
        Assert.Equal(0, new PolicyCheck(AssetRegistry.Default).Run(Example, _output));

        var text = _output.ToString();
        Assert.Contains("me\n  spends at most 0.05 USD per payment, 1.00 USD per day, 20.00 USD in total\n  may pay every host on base-sepolia with USDC\n", text, StringComparison.Ordinal);
        Assert.Contains("1.00 USD in any 1h", text, StringComparison.Ordinal);
        Assert.Contains("good: 0x", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_reports_every_problem_and_fails()
    {
        var file = Repository.PathOf("tests", "vectors", "policies", "many-at-once.json");

        Assert.Equal(1, new PolicyCheck(AssetRegistry.Default).Run(file, _output));

        Assert.Contains("many-at-once.json:7: agents.me.limits.day: expected dollars as text", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("5 problems; this file would not come into force", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("me", "https://api.exa.ai/search?q=1", "GET", "0.05", 0, "allowed: 0.05 USD to https://api.exa.ai")]
    [InlineData("me", "https://api.exa.ai", "GET", "0.050001", 1, "denied: amount_over_payment_limit")]
    [InlineData("me", "https://api.exa.ai", "GET", null, 0, "allowed: 0.000001 USD")]
    [InlineData("me", "https://api.exa.ai", "OPTIONS", "0.01", 1, "denied: method_not_payable")]
    [InlineData("r-7", "https://x.papers.example", "GET", "0.01", 0, "draws on    60.00 USD, week in Europe/Berlin (groups.lab.limits.in.category:data.week)")]
    [InlineData("r-7", "https://big.casino.example", "GET", "0.01", 1, "rule        policies.research.deny[0] category:gambling")]
    [InlineData("nobody", "https://api.exa.ai", "GET", "0.01", 1, "denied: unknown_agent")]
    [InlineData("me", "api.exa.ai", "GET", "0.01", 2, "expected a URL")]
    [InlineData("me", "https://api.exa.ai", "GET", "1,00", 2, "expected a price in dollars")]
    public async Task Explain_names_the_rule_and_the_limits(string agent, string url, string method, string? price, int exitCode, string says)
    {
        Assert.Equal(exitCode, await new PolicyExplain(AssetRegistry.Default, TimeProvider.System).RunAsync(Example, new AgentId(agent), url, method, price, figures: null, _output));

        Assert.Contains(says, _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Schema_is_the_shipped_one()
    {
        PolicySchemaCommand.Run(_output);

        Assert.Equal(PolicySchema.Text, _output.ToString());
    }
}
