using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SmartProxy.Commands;
using SmartProxy.Drill;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Drill;

public sealed class PolicyDrillTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly PolicyDrill _drill = new(AssetRegistry.Default, new SeededRandom(1), TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(""" "payment": "0.05", "day": "1.00", "total": "20.00" """, "1.00", "agents.me.limits.day")]
    [InlineData(""" "payment": "0.30", "day": "1.00" """, "1.00", "agents.me.limits.day")]
    [InlineData(""" "total": "0.07" """, "0.07", "agents.me.limits.total")]
    [InlineData(""" "payment": "0.10", "payments": { "day": 7 } """, "0.70", "agents.me.limits.payments.day")]
    [InlineData(""" "payment": "0.10", "each": { "merchant": { "day": "0.25" } } """, "0.25", null)]
    public async Task What_sellers_take_is_exactly_the_worst_case_of_a_simple_policy(string limits, string taken, string? rule)
    {
        var report = await RunAsync($$$"""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { {{{limits}}} } } } }""");

        var me = Assert.Single(report.Agents);
        Assert.Equal(taken, me.Result.Taken.ToString());
        Assert.Equal(me.Worst.Most, me.Result.Taken);
        Assert.Empty(report.Passed);
        var text = Text(report);
        Assert.Contains($"sellers took {taken} USD in one day", text, StringComparison.Ordinal);
        Assert.Contains(rule ?? "budget_exceeded", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_got_no_answer_is_repeated_and_never_signed_again()
    {
        var report = await RunAsync("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { "payment": "0.01", "day": "0.60" } } } }""");

        var me = Assert.Single(report.Agents).Result;
        Assert.Equal(60, me.Signatures);
        Assert.True(me.Requests > AgentDrill.AtOnce + 10, $"{me.Requests} requests: nothing was repeated");
        Assert.Empty(report.Passed);
    }

    [Fact]
    public async Task A_limit_that_moves_with_the_clock_is_attacked_all_day_and_holds_in_every_hour()
    {
        var report = await RunAsync("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { "payment": "0.10", "6h": "0.30", "day": "1.00" } } } }""");

        Assert.Equal("1.00", Assert.Single(report.Agents).Result.Taken.ToString());
        Assert.Empty(report.Passed);
    }

    [Fact]
    public async Task Patterns_schedules_and_people_are_told_in_words()
    {
        var report = await RunAsync("""
            { "networks": ["base-sepolia"],
              "policies": { "p": { "allow": ["*"], "limits": { "payment": "0.10", "day": "0.40" }, "approval": { "above": "0.05" }, "schedule": "mon-fri 08:00-20:00" } },
              "agents": { "r-*": { "policy": "p" }, "idle": { "allow": [] } } }
            """);

        var finding = Assert.Single(report.Agents);
        Assert.True(finding.Result.Places.Values.All(place => place.Price <= 50_000));
        Assert.Equal("0.40", finding.WithAgreement?.Taken.ToString());
        var text = Text(report);
        Assert.Contains("agent r-* (each agent of this pattern)", text, StringComparison.Ordinal);
        Assert.Contains("if people agree to everything that they are asked: 0.40 USD", text, StringComparison.Ordinal);
        Assert.Contains("agent idle\n  may pay nowhere", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_without_a_limit_is_told_to_have_none()
    {
        var report = await RunAsync("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"] } } }""");

        Assert.True(Assert.Single(report.Agents).Result.IsUnlimited);
        Assert.Contains("nothing stopped them", Text(report), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_json_is_signed_with_the_receipt_key_of_the_data_folder_and_nothing_in_it_changes()
    {
        var policy = Write("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { "total": "0.02" } } } }""");
        var data = new DataFolder(Path.Combine(_folder.Path, "data"));
        ReceiptKeys.Create(data.ReceiptsKey, DateTimeOffset.UnixEpoch);
        var before = Snapshot(data);

        var signed = await JsonAsync(new Drilling(policy, null, data, Json: true));
        var unsigned = await JsonAsync(new Drilling(policy, null, null, Json: true));

        var parts = signed.GetProperty("signature").GetString()!.Split('.');
        Assert.Equal(signed.GetProperty("drill").GetRawText(), Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])));
        using var keys = ReceiptKeys.Load(data.ReceiptsKey);
        using var jwks = JsonDocument.Parse(keys.Jwks);
        var key = jwks.RootElement.GetProperty("keys")[0];
        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(key.GetProperty("x").GetString()), Y = Base64Url.DecodeFromChars(key.GetProperty("y").GetString()) },
        });
        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256));
        Assert.Equal(JsonValueKind.Null, unsigned.GetProperty("signature").ValueKind);
        Assert.Equal(before, Snapshot(data));
    }

    [Fact]
    public async Task The_example_holds_and_one_of_its_agents_is_tried_alone()
    {
        var report = await _drill.RunAsync(new Drilling(Repository.PathOf("policies.example.json"), new AgentId("kiosk"), null, Json: false));

        Assert.Equal("0.50", Assert.Single(report.Agents).Result.Taken.ToString());
        Assert.Empty(report.Passed);
    }

    [Fact]
    public async Task Sellers_at_different_places_are_different_people_and_the_limit_that_stopped_each_is_named_though_the_schedule_closed_last()
    {
        var report = await RunAsync("""
            { "networks": ["base-sepolia"], "merchants": { "a": { "hosts": "a.test" }, "b": { "hosts": "b.test" } },
              "agents": { "me": { "allow": ["a", "b"], "limits": { "payment": "0.10", "1h": "1.00", "each": { "recipient": { "day": "0.30" } } }, "schedule": "daily 08:00-10:00" } } }
            """);

        Assert.Equal("0.60", Assert.Single(report.Agents).Result.Taken.ToString());
        Assert.Contains("    a: 0.30 USD in 3 payments of at most 0.10, stopped by agents.me.limits.each.recipient.day (budget_exceeded)\n", Text(report), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_place_is_told_with_its_token_where_only_one_of_two_was_paid()
    {
        var report = await RunAsync("""
            { "networks": ["base-sepolia"], "assets": ["USDC", "EURT"],
              "tokens": [{ "symbol": "EURT", "network": "base-sepolia", "address": "0x3333333333333333333333333333333333333333", "name": "Euro Test", "version": "1", "decimals": 18, "usd": "1.10" }],
              "agents": { "me": { "allow": ["*"], "assets": ["USDC", "EURT"], "limits": { "payment": "0.10", "day": "0.10", "in": { "asset:EURT": { "day": "0.20" } } } } } }
            """);

        Assert.Matches("any other host in (USDC|EURT): 0.10 USD in 1 payment of at most 0.10.*\n    any other host in (USDC|EURT): nothing", Text(report));
    }

    [Fact]
    public async Task A_policy_that_is_too_large_to_try_is_refused_and_nothing_is_said_to_be_safe()
    {
        var merchants = string.Join(", ", Enumerable.Range(0, 150).Select(n => $$"""
            "m{{n}}": { "hosts": "m{{n}}.test", "limits": { "day": "{{n + 1}}.00" } }
            """));
        var agents = string.Join(", ", Enumerable.Range(0, 150).Select(n => $$"""
            "a{{n}}": { "allow": ["*"], "limits": { "day": "{{n + 1}}.00" } }
            """));
        var policy = Write($$"""{ "networks": ["base-sepolia"], "merchants": { {{merchants}} }, "agents": { {{agents}} } }""");

        var refused = await Assert.ThrowsAsync<OperatorException>(() => _drill.RunAsync(new Drilling(policy, new AgentId("a1"), null, Json: false)));

        Assert.StartsWith("the policy tells 150 agents and 151 places apart, and at most 20000 pairs of them are looked at: nothing was attacked", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
    }

    [Fact]
    public async Task An_agent_or_a_file_that_is_not_there_is_explained()
    {
        var policy = Write("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"] } } }""");

        var stranger = await Assert.ThrowsAsync<OperatorException>(() => _drill.RunAsync(new Drilling(policy, new AgentId("other"), null, Json: false)));
        var missing = await Assert.ThrowsAsync<OperatorException>(() => _drill.RunAsync(new Drilling(policy + ".not", null, null, Json: false)));

        Assert.Equal("the policy has no entry for the agent `other` (it has me)", stranger.Message);
        Assert.Contains("smartproxy policy check", missing.Message, StringComparison.Ordinal);
    }

    private async Task<DrillReport> RunAsync(string policy) => await _drill.RunAsync(new Drilling(Write(policy), null, null, Json: false));

    private async Task<JsonElement> JsonAsync(Drilling asked)
    {
        using var output = new StringWriter();
        Assert.Equal(PolicyDrill.Held, await _drill.RunAsync(asked, output));
        using var document = JsonDocument.Parse(output.ToString());
        return document.RootElement.Clone();
    }

    private static string Text(DrillReport report)
    {
        using var output = new StringWriter { NewLine = "\n" };
        report.WriteText(output);
        return output.ToString();
    }

    private static string[] Snapshot(DataFolder data) =>
        [.. Directory.EnumerateFiles(data.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file} {Convert.ToHexString(File.ReadAllBytes(file))}")];

    private string Write(string policy)
    {
        var path = Path.Combine(_folder.Path, "policies.json");
        File.WriteAllText(path, policy);
        return path;
    }
}
