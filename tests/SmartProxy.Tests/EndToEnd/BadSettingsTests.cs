using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using SmartProxy.Commands;
using SmartProxy.Hosting;
using SmartProxy.Options;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>The real command line, given settings and policies that it can't work with.</summary>
public sealed class BadSettingsTests : BadInputKit
{
    [Theory]
    [InlineData("""{ "SmartProxy": { "Egres": { "Allow": [] } } }""", "SmartProxy:Egres")]
    [InlineData("""{ "SmartProxy": { "Listen": { "Proxi": "127.0.0.1:0" } } }""", "SmartProxy:Listen:Proxi")]
    [InlineData("""{ "SmartProxy": { "Upstream": { "ConnectSecond": 3 } } }""", "SmartProxy:Upstream:ConnectSecond")]
    [InlineData("""{ "SmartProxy": { "Upstream": { "ConnectSeconds": 0 } } }""", "ConnectSeconds")]
    [InlineData("""{ "SmartProxy": { "Upstream": { "ConnectSeconds": "soon" } } }""", "ConnectSeconds")]
    [InlineData("""{ "SmartProxy": { "Logs": "yaml" } }""", "SmartProxy:Logs")]
    [InlineData("""{ "SmartProxy": { "Payments": { "Enabled": false } } }""", "SmartProxy:Payments")]
    [InlineData("""{ "SmartProxy": { "Egress": { "Allow": ["127.1:80"] } } }""", "127.1:80")]
    [InlineData("""{ "SmartProxy": { "Upstream": { "ExtraCaFile": "nowhere.pem" } } }""", "nowhere.pem")]
    public async Task A_setting_that_is_unknown_or_out_of_range_is_named(string settings, string name)
    {
        await File.WriteAllTextAsync(Folder.File("settings.json"), settings, TestContext.Current.CancellationToken);
        await AssertRefusedAsync("", name, ["--config", Folder.File("settings.json"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], mayWriteJournal: true);
    }

    [Fact]
    public void The_known_settings_of_the_data_path_are_the_members_of_its_options()
    {
        foreach (var (section, options) in new[] { ("Egress", typeof(EgressOptions)), ("Upstream", typeof(UpstreamOptions)), ("Connections", typeof(ConnectionOptions)) })
        {
            Assert.Equal(options.GetProperties().Select(member => member.Name).Order(), DataPathSettings.Names[section].Order());
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_program_whose_runtime_settings_were_lost_does_not_start_and_says_which_file()
    {
        const string Setting = "System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing";
        var runtime = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "smartproxy.runtimeconfig.json"), TestContext.Current.CancellationToken))!;
        Assert.True(runtime["runtimeOptions"]!["configProperties"]!.AsObject().Remove(Setting));
        await File.WriteAllTextAsync(Folder.File("lost.runtimeconfig.json"), runtime.ToJsonString(), TestContext.Current.CancellationToken);

        string[] arguments =
        [
            "exec", "--runtimeconfig", Folder.File("lost.runtimeconfig.json"), Path.Combine(AppContext.BaseDirectory, "smartproxy.dll"),
            "run", "--data", Data.Path, "--policy", Policy, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
        ];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        try
        {
            Assert.Null(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            var said = (await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)).TrimEnd('\n').Split('\n')[^1];
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            AssertOneLine(process.ExitCode, said);
            Assert.Contains($"{Setting} to be true in smartproxy.runtimeconfig.json", said, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Without_a_policy_file_the_start_says_init()
    {
        File.Delete(Policy);
        await AssertRefusedAsync("smartproxy init", Policy);
    }

    [Theory]
    [InlineData("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { "day": 1 } } } }""", "policies.json:1")]
    [InlineData("{\n  \"networks\": [\"base-seplia\"],\n  \"agents\": {}\n}", "policies.json:2")]
    [InlineData("{ \"networks\": [", "policies.json:1")]
    [InlineData("", "policies.json")]
    [InlineData("""{ "networks": ["base"], "agents": { "me": { "allow": ["*"] } } }""", "test networks")]
    public async Task With_a_policy_that_is_broken_or_for_other_money_it_runs_pays_nothing_and_says_so(string policy, string place)
    {
        await using var seller = await ScriptedSeller.StartAsync(tls: false);
        seller.Sell("/paid", ScriptedSeller.DeliverAsync);
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup { Policy = policy });
        using var client = proxy.As("me");

        using var health = JsonDocument.Parse(await proxy.HealthAsync());
        Assert.Equal("degraded", health.RootElement.GetProperty("status").GetString());
        var reasons = health.RootElement.GetProperty("reasons").ToString();
        Assert.Contains("nothing is paid", reasons, StringComparison.Ordinal);
        Assert.Contains(place, reasons, StringComparison.Ordinal);
        Assert.Contains(proxy.Notices, notice => notice.Contains(place, StringComparison.Ordinal));

        using var answer = await client.GetAsync(seller.Url + "/paid", TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.Forbidden, answer.ToString());
        Assert.Empty(seller.PaymentsAt("/paid"));
    }

    [Theory]
    [InlineData("""{ "networks": ["base-seplia"], "agents": {} }""")]
    [InlineData("{ \"networks\": [")]
    public async Task Policy_check_fails_with_the_place(string policy)
    {
        await File.WriteAllTextAsync(Policy, policy, TestContext.Current.CancellationToken);
        var output = new StringWriter();
        var code = await CommandLineRoot.RunAsync(["policy", "check", Policy], RunningProxy.Seams, output, output, TestContext.Current.CancellationToken);

        Assert.NotEqual(0, code);
        Assert.Contains("policies.json:1", output.ToString(), StringComparison.Ordinal);
    }
}
