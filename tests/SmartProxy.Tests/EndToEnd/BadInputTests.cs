using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using SmartProxy.Hosting;
using SmartProxy.Options;
using SmartProxy.Storage;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>
/// The real command line over the real composition, given what it can't work with: one line on standard error that says what was expected and
/// what to do, an exit code that is not 0, and a folder in which nothing was changed and nothing made again.
/// </summary>
public sealed class BadInputTests : BadInputKit
{
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
        await File.WriteAllTextAsync(Folder.File("settings.json"), """{ "SmartProxy": { "Logs": "json" } }""", TestContext.Current.CancellationToken);
        string[] arguments = ["run", "--config", Folder.File("settings.json"), "--data", Data.Path, "--policy", Policy, "--listen", "127.0.0.1:0", "--admin", holder.LocalEndpoint.ToString()!];
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
        var (code, error) = await CommandAsync("init", "--data", Folder.File("other"), "--policy", Folder.File("other.json"), option, value);

        AssertOneLine(code, error);
        Assert.Contains(value, error, StringComparison.Ordinal);
        Assert.Contains("expected a network such as", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder.File("other")) || File.Exists(Folder.File("other.json")));
    }

    [Fact]
    public async Task Init_over_an_installation_or_a_policy_changes_nothing()
    {
        var before = Fingerprint();
        var (code, error) = await CommandAsync("init", "--data", Data.Path, "--policy", Folder.File("new.json"));
        AssertOneLine(code, error);
        Assert.Contains("choose another folder", error, StringComparison.Ordinal);

        (code, error) = await CommandAsync("init", "--data", Folder.File("other"), "--policy", Policy);
        AssertOneLine(code, error);
        Assert.Contains("choose another file", error, StringComparison.Ordinal);
        Assert.Equal(before, Fingerprint());
    }

    private static void Open(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupRead);
        }
    }

    /// <summary>Opens the books once, so that the journal grows by the policy's activation.</summary>
    private async Task RunForAMomentAsync()
    {
        await using var host = await RunningProxy.Seams.StartProxy(
            RunSettings.Load(Data, Policy, configFile: null, [new("SmartProxy:Listen:Proxy", "127.0.0.1:0"), new("SmartProxy:Listen:Admin", "127.0.0.1:0")]) with { LogFormat = LogFormat.None },
            TestContext.Current.CancellationToken);
    }
}
