using Microsoft.Extensions.Time.Testing;
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
        Assert.Contains("me\n  spends at most 0.05 USD per payment, 1.00 USD per day, 20.00 USD in total\n  may pay every host on base-sepolia with EURT, USDC\n", text, StringComparison.Ordinal);
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

    // A Wednesday noon in Berlin: the example's agents keep hours.
    private static readonly DateTimeOffset WorkingHours = new(2026, 11, 25, 11, 0, 0, TimeSpan.Zero);

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
        Assert.Equal(exitCode, await new PolicyExplain(AssetRegistry.Default, new FakeTimeProvider(WorkingHours)).RunAsync(new PolicyQuestion(Example, new AgentId(agent), url, method, price, Json: false), _output));

        Assert.Contains(says, _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("r-7", "https://x.papers.example", "0.01", 0, "\"allowed\":true,", "\"limit\":\"60.00\"", "\"remaining\":\"1\",\"spent\":\"2\",\"held\":\"3\"")]
    [InlineData("r-7", "https://big.casino.example", "0.01", 1, "\"allowed\":false,\"reason\":\"denied\",\"rule\":\"policies.research.deny[0] category:gambling\"", "\"says\":\"refuses\"")]
    [InlineData("me", "api.exa.ai", "0.01", 2, "{\"problems\":[\"expected a URL")]
    public async Task Explain_tells_everything_as_one_object_too(string agent, string url, string price, int exitCode, params string[] says)
    {
        var question = new PolicyQuestion(Example, new AgentId(agent), url, "GET", price, Json: true)
        {
            Figures = lines => Task.FromResult<IReadOnlyDictionary<string, LimitStand>>(lines.DistinctBy(line => line.Id).ToDictionary(line => line.Id, _ => new LimitStand("1", "2", "3"))),
        };
        Assert.Equal(exitCode, await new PolicyExplain(AssetRegistry.Default, new FakeTimeProvider(WorkingHours)).RunAsync(question, _output));

        using var json = System.Text.Json.JsonDocument.Parse(_output.ToString());
        var text = System.Text.RegularExpressions.Regex.Unescape(json.RootElement.GetRawText());
        Assert.All(says, said => Assert.Contains(said, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("group:lab day <= 40", false, 0, "holds: group:lab day <= 40")]
    [InlineData("group:lab day < 40", true, 3, "group:lab: day 40.00, asserted < 40.00")]
    [InlineData("group:lap day < 40", false, 3, "did you mean `lab`?")]
    [InlineData("agent:me day <= 1", true, 2, "[allow-everything]")]
    public void Check_ends_as_pipelines_expect(string assertion, bool isStrict, int exitCode, string says)
    {
        Assert.Equal(exitCode, new PolicyCheck(AssetRegistry.Default).Run(new PolicyChecking(Example, [assertion], isStrict, Json: false), _output));

        Assert.Contains(says, _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_tells_everything_as_one_object_too()
    {
        Assert.Equal(3, new PolicyCheck(AssetRegistry.Default).Run(new PolicyChecking(Example, ["agent:me day = 2"], IsStrict: false, Json: true), _output));

        using var json = System.Text.Json.JsonDocument.Parse(_output.ToString());
        var root = json.RootElement;
        Assert.Equal("""{"most":"1.00","exact":true}""", root.GetProperty("worst").GetProperty("agent:me").GetProperty("day").GetRawText());
        Assert.Contains("allow-everything", root.GetProperty("warnings").EnumerateArray().Select(w => w.GetProperty("code").GetString()));
        Assert.Equal("agent:me: day 1.00, asserted = 2.00", root.GetProperty("assertions")[0].GetProperty("violations")[0].GetString());
    }

    [Theory]
    [InlineData("5.00", "5.00", 0, "lab: day 40.00, unchanged; organization: day 45.00, unchanged; nobody new can be paid")]
    [InlineData("5.00", "10.00", 1, "r-12: day 5.00 -> 10.00; lab: day 40.00, unchanged; organization: day 45.00 -> 50.00; nobody new can be paid")]
    [InlineData("10.00", "5.00", 0, "r-12: day 10.00 -> 5.00; lab: day 40.00, unchanged; organization: day 50.00 -> 45.00; nobody new can be paid")]
    [InlineData("5.00", "5", 0, "nothing that decides")]
    [InlineData("5.00", "much", 2, "agents.r-12.limits.day: expected dollars")]
    public void Diff_says_whether_anything_can_newly_be_spent(string old, string now, int exitCode, string says)
    {
        using var folder = new TempFolder();
        var (before, after) = (folder.File("old.json"), folder.File("new.json"));
        File.WriteAllText(before, Text(old));
        File.WriteAllText(after, Text(now));

        Assert.Equal(exitCode, new PolicyDiff(AssetRegistry.Default).Run(new PolicyDiffing(before, after, Json: false), _output));

        Assert.Contains(says, _output.ToString(), StringComparison.Ordinal);

        static string Text(string day) => $$"""
            { "networks": ["base-sepolia"], "groups": { "lab": { "limits": { "day": "40.00" } } },
              "agents": { "r-*": { "group": "lab", "allow": ["api.exa.ai"], "limits": { "day": "5.00" } }, "r-12": { "allow": ["api.exa.ai"], "limits": { "day": "{{day}}" } } } }
            """;
    }

    [Fact]
    public void Schema_is_the_shipped_one()
    {
        PolicySchemaCommand.Run(_output);

        Assert.Equal(PolicySchema.Text, _output.ToString());
    }
}
