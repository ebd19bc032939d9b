using SmartProxy.AdminApi;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Tests.AdminApi;

namespace SmartProxy.Tests.Commands;

public sealed class CommandLineTests : IAsyncLifetime
{
    private readonly CommandKit _kit = new();

    public async ValueTask InitializeAsync() => await _kit.InitAsync();

    public ValueTask DisposeAsync()
    {
        _kit.Dispose();
        return ValueTask.CompletedTask;
    }

    public static TheoryData<string> Wrong => new()
    {
        "nonsense",
        "init --nonsense",
        "agent add",
        "agent",
        "env me --format xml",
        "freeze --agent NOT/VALID",
        "agent add x --expires soon",
        "payments --outcome lost",
        "payments --count 0",
        "receipt verify no-such-file",
        "exec me",
    };

    [Theory, MemberData(nameof(Wrong))]
    public async Task A_wrong_command_line_is_one_line_and_exit_code_2(string line)
    {
        var (code, output, error) = await _kit.RunAsync([.. line.Split(' '), .. line.StartsWith("agent add ", StringComparison.Ordinal) ? new[] { "--data", _kit.Data } : []]);

        Assert.Equal(2, code);
        Assert.Equal("", output);
        Assert.StartsWith("smartproxy: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Without_arguments_it_shows_its_commands()
    {
        var (code, output, _) = await _kit.RunAsync();

        Assert.Equal(0, code);
        Assert.Contains("firewall", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unexpected_failure_is_one_line_too()
    {
        _kit.Seams = _kit.Seams with { CheckPolicy = (_, _) => throw new InvalidOperationException("two\nlines") };
        var (code, _, error) = await _kit.RunAsync("policy", "check", "x");

        Assert.Equal(1, code);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_stopped_system_is_frozen_in_its_journal()
    {
        Assert.Equal(0, (await _kit.RunAsync("freeze", "--agent", "me", "--reason", "odd", "--data", _kit.Data)).Code);
        Assert.Equal(0, (await _kit.RunAsync("unfreeze", "--data", _kit.Data)).Code);

        Assert.Equal([new LedgerEvent.Frozen(new AgentId("me"), People.Offline, "odd"), new LedgerEvent.Unfrozen(null, People.Offline, "")], _kit.Recorded);
    }

    [Fact]
    public async Task A_freeze_of_an_agent_that_nobody_is_says_so()
    {
        Assert.Contains("no token belongs to agent `mee`", (await _kit.RunAsync("freeze", "--agent", "mee", "--data", _kit.Data)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_process_is_asked_and_its_journal_left_to_it()
    {
        var api = new ApiKit();
        await api.InitializeAsync();
        new RunFile(Environment.ProcessId, "http://127.0.0.1:1", api.Admin.BaseAddress!.ToString(), _kit.Policy, api.AdminToken).Write(_kit.Folder);

        Assert.Equal(0, (await _kit.RunAsync("freeze", "--data", _kit.Data)).Code);
        Assert.IsType<LedgerEvent.Frozen>(Assert.Single(api.Ledger.Recorded));
        Assert.Empty(_kit.Recorded);
        Assert.Contains("https://api.test", (await _kit.RunAsync("payments", "--agent", "a", "--data", _kit.Data)).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await _kit.RunAsync("health", "--data", _kit.Data)).Code);
        Assert.Contains("@127.0.0.1:1'", (await _kit.RunAsync("env", "me", "--data", _kit.Data)).Output, StringComparison.Ordinal);

        await api.DisposeAsync();
        Assert.Equal(1, (await _kit.RunAsync("health", "--data", _kit.Data)).Code);
        Assert.Equal(0, (await _kit.RunAsync("unfreeze", "--data", _kit.Data)).Code);
        Assert.Single(_kit.Recorded);
    }

    [Fact]
    public async Task What_a_seller_wrote_cannot_steer_the_terminal()
    {
        var (_, output, _) = await _kit.RunAsync("payments", "--data", _kit.Data);

        Assert.DoesNotContain('\u001b', output);
        Assert.Contains("budget_exceeded", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_is_good_or_the_exit_code_says_no()
    {
        File.WriteAllText(_kit.File_("good"), "good\n");
        File.WriteAllText(_kit.File_("bad"), "bad");
        File.WriteAllText(_kit.File_("keys"), "keys");

        Assert.Equal(0, (await _kit.RunAsync("receipt", "verify", _kit.File_("good"), "--jwks", _kit.File_("keys"))).Code);
        Assert.Equal(1, (await _kit.RunAsync("receipt", "verify", _kit.File_("bad"), "--jwks", _kit.File_("keys"))).Code);
        Assert.Equal(1, (await _kit.RunAsync("receipt", "verify", _kit.File_("good"), "--data", _kit.Data)).Code);
    }

    [Fact]
    public async Task Wallets_are_made_beside_each_other_and_never_over_each_other()
    {
        Assert.Equal(0, (await _kit.RunAsync("wallet", "new", "second", "--data", _kit.Data)).Code);
        Assert.Equal(1, (await _kit.RunAsync("wallet", "new", "second", "--data", _kit.Data)).Code);
        Assert.Equal(2, (await _kit.RunAsync("wallet", "new", "../x", "--data", _kit.Data)).Code);
        Assert.Equal(2, (await _kit.RunAsync("wallet", "import", "third", _kit.File_("nothing"), "--data", _kit.Data)).Code);
        var (_, output, _) = await _kit.RunAsync("wallet", "list", "--data", _kit.Data);

        Assert.Contains("main", output, StringComparison.Ordinal);
        Assert.Contains("second", output, StringComparison.Ordinal);
        Assert.DoesNotContain("third", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_kit.Folder.Wallets, "third.password")));
    }

    [Fact]
    public async Task No_secret_of_the_folder_is_ever_printed()
    {
        var minted = (await _kit.RunAsync("agent", "add", "me", "--data", _kit.Data)).Output.Split(": ")[1].Trim();
        var admin = AdminToken.Load(_kit.Folder.AdminToken).Reveal();
        new RunFile(1, "http://127.0.0.1:1", "http://127.0.0.1:1", _kit.Policy, admin).Write(_kit.Folder);
        var password = File.ReadAllText(Path.Combine(_kit.Folder.Wallets, "main.password"));
        var key = File.ReadAllText(Path.Combine(_kit.Folder.CertificateAuthority, "ca.key")).Split('\n')[1];
        foreach (var line in new[] { "agent list", "wallet list", "freeze", "payments", "health", "env me", "agent revoke me", "agent revoke me", "ledger verify", "run --admin 0.0.0.0:1" })
        {
            await _kit.RunAsync([.. line.Split(' '), "--data", _kit.Data]);
        }

        File.WriteAllText(_kit.Folder.Run, "{" + admin);
        await _kit.RunAsync("health", "--data", _kit.Data);
        File.WriteAllText(_kit.Folder.Credentials, "{\"" + minted + "\":1}");
        await _kit.RunAsync("agent", "list", "--data", _kit.Data);

        Assert.All([admin, password, key], secret => Assert.DoesNotContain(secret, _kit.Transcript, StringComparison.Ordinal));
        Assert.Equal(2, _kit.Transcript.Split(minted).Length);
        Assert.DoesNotContain(admin, RunFile.TryLoad(Fresh(admin))!.ToString(), StringComparison.Ordinal);
    }

    private DataFolder Fresh(string admin)
    {
        File.Delete(_kit.Folder.Run);
        new RunFile(1, "http://127.0.0.1:1", "http://127.0.0.1:1", _kit.Policy, admin).Write(_kit.Folder);
        return _kit.Folder;
    }
}
