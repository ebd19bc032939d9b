using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using SmartProxy.Commands;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>
/// The real command line over the real composition, given what it can't work with: one line on standard error that says what was expected and
/// what to do, an exit code that is not 0, and a folder in which nothing was changed and nothing made again.
/// </summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    private DataFolder Data => new(_folder.File("data"));

    private string Policy => _folder.File("policies.json");

    public async ValueTask InitializeAsync()
    {
        var (code, error) = await CommandAsync("init", "--data", Data.Path, "--policy", Policy, "--network", "base-sepolia", "--json");
        Assert.Equal((0, ""), (code, error));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return default;
    }

    [Theory]
    [InlineData("wallets/main.password", "restore it from a backup")]
    [InlineData("wallets/main.json", "restore it from a backup")]
    [InlineData("ca/ca.key", "restore it from a backup")]
    [InlineData("ca/ca.pem", "restore it from a backup")]
    [InlineData("ledger/journal-000001.jsonl", "restore it from a backup")]
    [InlineData("receipts-key/query.key", "restore it from a backup")]
    [InlineData("credentials.json", "restore it from a backup")]
    [InlineData("admin-token", "restore it from a backup")]
    [InlineData("installation.json", "restore the folder from a backup")]
    public async Task What_init_made_and_is_missing_stops_the_start(string file, string advice)
    {
        File.Delete(Data.In(file.Split('/')));
        await AssertRefusedAsync(advice, Data.In(file.Split('/')));
    }

    [Fact]
    public async Task A_missing_receipt_key_stops_the_start()
    {
        foreach (var key in Directory.GetFiles(Data.ReceiptsKey).Where(file => Path.GetFileName(file) != "query.key"))
        {
            File.Delete(key);
        }

        await AssertRefusedAsync("restore it from a backup", Data.ReceiptsKey);
    }

    [Fact]
    public async Task A_missing_ledger_folder_stops_the_start()
    {
        Directory.Delete(Data.Ledger, recursive: true);
        await AssertRefusedAsync("restore it from a backup", Data.Ledger);
    }

    [Theory]
    [InlineData("not the password\n")]
    [InlineData("")]
    public async Task A_wrong_wallet_password_stops_the_start_and_is_not_repeated(string password)
    {
        await File.WriteAllTextAsync(Data.In("wallets", "main.password"), password, TestContext.Current.CancellationToken);
        var error = await AssertRefusedAsync("password", "main");
        Assert.DoesNotContain("not the password", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ca/ca.key")]
    [InlineData("wallets/main.json")]
    [InlineData("wallets/main.password")]
    [InlineData("receipts-key/query.key")]
    [InlineData("admin-token")]
    public async Task A_secret_that_others_can_read_stops_the_start_and_says_chmod(string file)
    {
        var path = Data.In(file.Split('/'));
        Open(path);
        await AssertRefusedAsync($"chmod 600 {path}", path);
    }

    [Fact]
    public async Task A_receipt_key_that_others_can_read_stops_the_start_and_says_chmod()
    {
        var key = Directory.GetFiles(Data.ReceiptsKey, "*.pem").First();
        Open(key);
        await AssertRefusedAsync("chmod 600", key);
    }

    [Theory]
    [InlineData("ca/ca.key", "-----BEGIN PRIVATE KEY-----\nnot base64\n-----END PRIVATE KEY-----\n")]
    [InlineData("ca/ca.pem", "")]
    [InlineData("wallets/main.json", "{")]
    [InlineData("credentials.json", "{ \"version\": 1, \"tokens\": [ { } ] }")]
    [InlineData("admin-token", "x\n")]
    [InlineData("receipts-key/query.key", "short")]
    [InlineData("installation.json", "[]")]
    public async Task A_damaged_file_stops_the_start_and_is_named(string file, string content)
    {
        var path = Data.In(file.Split('/'));
        await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
        await AssertRefusedAsync("", Path.GetDirectoryName(path)!);
    }

    [Fact]
    public async Task A_journal_whose_last_synced_lines_are_gone_stops_the_start()
    {
        var before = await File.ReadAllBytesAsync(Data.In("ledger", "journal-000001.jsonl"), TestContext.Current.CancellationToken);
        await RunForAMomentAsync();
        await File.WriteAllBytesAsync(Data.In("ledger", "journal-000001.jsonl"), before, TestContext.Current.CancellationToken);
        await AssertRefusedAsync("restore", Data.Path);
    }

    [Fact]
    public async Task A_damaged_journal_stops_the_start()
    {
        await File.WriteAllTextAsync(Data.In("ledger", "journal-000001.jsonl"), "{\"v\":1,\"seq\":1}\n{}\n", TestContext.Current.CancellationToken);
        await AssertRefusedAsync("", Data.Path);
    }

    [Theory]
    [InlineData("--listen")]
    [InlineData("--admin")]
    public async Task A_port_in_use_is_named_with_the_flag_that_chooses_another(string flag)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var address = holder.LocalEndpoint.ToString()!;
        var error = await AssertRefusedAsync(flag, address, flag == "--listen" ? ["--listen", address, "--admin", "127.0.0.1:0"] : ["--listen", "127.0.0.1:0", "--admin", address], mayWriteJournal: true);
        Assert.Contains("stop the program that uses the port", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_another_process_has_is_left_alone()
    {
        using var other = FolderLock.Acquire(Data.Path);
        await AssertRefusedAsync("stop it, or use another folder", Data.Path);
    }

    [Fact]
    public async Task A_folder_without_its_locks_as_a_backup_may_be_is_as_good_as_before()
    {
        foreach (var file in Directory.GetFiles(Data.Path, "*lock*"))
        {
            File.Delete(file);
        }

        await RunForAMomentAsync();
    }

    [Fact]
    public async Task The_process_itself_says_one_line_and_ends_with_its_code()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        await File.WriteAllTextAsync(_folder.File("settings.json"), """{ "SmartProxy": { "Logs": "json" } }""", TestContext.Current.CancellationToken);
        string[] arguments = ["run", "--config", _folder.File("settings.json"), "--data", Data.Path, "--policy", Policy, "--listen", "127.0.0.1:0", "--admin", holder.LocalEndpoint.ToString()!];
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "smartproxy.dll"), .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((1, ""), (process.ExitCode, await output));
        Assert.Single(error.Split('\n'), line => line.StartsWith("smartproxy: can't listen on", StringComparison.Ordinal));
        Assert.DoesNotContain(" at ", error, StringComparison.Ordinal);
        Assert.All(error.TrimEnd().Split('\n').Where(line => !line.StartsWith("smartproxy: ", StringComparison.Ordinal)), line => Assert.StartsWith("{\"Timestamp\":", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--network", "base-seplia")]
    [InlineData("--network", "eip155:1000000007")]
    public async Task An_unknown_network_makes_nothing(string option, string value)
    {
        var (code, error) = await CommandAsync("init", "--data", _folder.File("other"), "--policy", _folder.File("other.json"), option, value);

        AssertOneLine(code, error);
        Assert.Contains(value, error, StringComparison.Ordinal);
        Assert.Contains("expected a network such as", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("other")) || File.Exists(_folder.File("other.json")));
    }

    [Fact]
    public async Task Init_over_an_installation_or_a_policy_changes_nothing()
    {
        var before = Fingerprint();
        var (code, error) = await CommandAsync("init", "--data", Data.Path, "--policy", _folder.File("new.json"));
        AssertOneLine(code, error);
        Assert.Contains("choose another folder", error, StringComparison.Ordinal);

        (code, error) = await CommandAsync("init", "--data", _folder.File("other"), "--policy", Policy);
        AssertOneLine(code, error);
        Assert.Contains("choose another file", error, StringComparison.Ordinal);
        Assert.Equal(before, Fingerprint());
    }

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
        await File.WriteAllTextAsync(_folder.File("settings.json"), settings, TestContext.Current.CancellationToken);
        await AssertRefusedAsync("", name, ["--config", _folder.File("settings.json"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], mayWriteJournal: true);
    }

    [Fact]
    public void The_known_settings_of_the_data_path_are_the_members_of_its_options()
    {
        foreach (var (section, options) in new[] { ("Egress", typeof(EgressOptions)), ("Upstream", typeof(UpstreamOptions)), ("Connections", typeof(ConnectionOptions)) })
        {
            Assert.Equal(options.GetProperties().Select(member => member.Name).Order(), DataPathSettings.Names[section].Order());
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

    private static void Open(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupRead);
        }
    }

    private static void AssertOneLine(int code, string error)
    {
        Assert.NotEqual(0, code);
        var line = Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("smartproxy: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Error)> CommandAsync(params string[] arguments)
    {
        var error = new StringWriter();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(20)); // a start that is not refused would serve forever
        var code = await CommandLineRoot.RunAsync(arguments, RunningProxy.Seams, TextWriter.Null, error, deadline.Token);
        return (code, error.ToString());
    }

    private async Task<string> AssertRefusedAsync(string advice, string name, string[]? more = null, bool mayWriteJournal = false)
    {
        var before = Fingerprint(mayWriteJournal);
        var (code, error) = await CommandAsync(["run", "--data", Data.Path, "--policy", Policy, .. more ?? ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]]);

        AssertOneLine(code, error);
        Assert.Contains(name, error, StringComparison.Ordinal);
        Assert.Contains(advice, error, StringComparison.Ordinal);
        Assert.Equal(before, Fingerprint(mayWriteJournal));
        return error;
    }

    /// <summary>Opens the books once, so that the journal grows by the policy's activation.</summary>
    private async Task RunForAMomentAsync()
    {
        await using var host = await RunningProxy.Seams.StartProxy(
            RunSettings.Load(Data, Policy, configFile: null, [new("SmartProxy:Listen:Proxy", "127.0.0.1:0"), new("SmartProxy:Listen:Admin", "127.0.0.1:0")]) with { LogFormat = LogFormat.None },
            TestContext.Current.CancellationToken);
    }

    /// <summary>
    /// Every file with its bytes' hash; locks, the index and the reserve of room, which can be made anew, left out, and the journal where a start reaches it.
    /// </summary>
    private string Fingerprint(bool withoutBooks = false) => string.Join('\n', Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories)
        .Where(file => !Path.GetFileName(file).StartsWith("lock", StringComparison.Ordinal) && file != Path.Combine(Data.Ledger, "reserve"))
        .Where(file => !file.StartsWith(Data.Index[..^3], StringComparison.Ordinal) && (!withoutBooks || !file.StartsWith(Data.Ledger, StringComparison.Ordinal)))
        .Order(StringComparer.Ordinal)
        .Select(file => $"{file} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));
}
