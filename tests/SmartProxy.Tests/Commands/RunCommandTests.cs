using SmartProxy.Protocol;

namespace SmartProxy.Tests.Commands;

public sealed class RunCommandTests : IDisposable
{
    private readonly CommandKit _kit = new();

    [Theory]
    [InlineData("ca/ca.key")]
    [InlineData("receipts-key/key.pem")]
    [InlineData("wallets/main.json")]
    [InlineData("wallets/main.password")]
    [InlineData("credentials.json")]
    [InlineData("admin-token")]
    public async Task What_init_made_and_is_missing_stops_the_start_and_is_not_made_again(string file)
    {
        await _kit.InitAsync();
        var path = _kit.Folder.In(file.Split('/'));
        File.Delete(path);

        var (code, _, error) = await RunAsync();

        Assert.Equal(2, code);
        Assert.Contains(path, error, StringComparison.Ordinal);
        Assert.Contains("restore it from a backup", error, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
        Assert.Null(_kit.Settings);
    }

    [Fact]
    public async Task Without_an_installation_or_a_policy_it_says_init()
    {
        var (code, _, error) = await RunAsync();
        Assert.Equal(2, code);
        Assert.Contains("smartproxy init", error, StringComparison.Ordinal);

        await _kit.InitAsync();
        File.Delete(_kit.Policy);
        (code, _, error) = await RunAsync();
        Assert.Equal(2, code);
        Assert.Contains("smartproxy init", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--listen", "0.0.0.0:8402")]
    [InlineData("--admin", "0.0.0.0:8403")]
    [InlineData("--listen", "[::]:8402")]
    [InlineData("--admin", "192.0.2.1:8403")]
    public async Task A_listener_that_others_reach_is_refused_unless_it_is_allowed(string flag, string address)
    {
        await _kit.InitAsync();
        var (code, _, error) = await RunAsync(flag, address);
        Assert.Equal(2, code);
        Assert.Contains(flag, error, StringComparison.Ordinal);
        Assert.Contains("--insecure-listen", error, StringComparison.Ordinal);

        (code, _, _) = await RunAsync(flag, address, "--insecure-listen");
        Assert.Equal(0, code);
    }

    [Theory]
    [InlineData("0.0.0.0:8402", """{ "Names": ["proxy.internal", "192.0.2.1"] }""")]
    [InlineData("[::]:8402", """{ "CertificateFile": "tls.pem", "KeyFile": "tls.key" }""")]
    public async Task A_proxy_listener_with_tls_may_be_reached_by_others_and_an_admin_listener_beside_it_not(string address, string tls)
    {
        await _kit.InitAsync();
        File.WriteAllText(_kit.File_("settings.json"), $$"""{ "SmartProxy": { "Listen": { "Tls": {{tls}} } } }""");
        var (code, _, error) = await RunAsync("--config", _kit.File_("settings.json"), "--listen", address);
        Assert.Equal((0, ""), (code, error));

        (code, _, error) = await RunAsync("--config", _kit.File_("settings.json"), "--listen", address, "--admin", "0.0.0.0:8403");
        Assert.Equal(2, code);
        Assert.Contains("--admin", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ }""")]
    [InlineData("""{ "Names": [] }""")]
    [InlineData("""{ "CertificateFile": "tls.pem" }""")]
    [InlineData("""{ "KeyFile": "tls.key" }""")]
    [InlineData("""{ "CertificateFile": "tls.pem", "KeyFile": "tls.key", "Names": ["proxy.internal"] }""")]
    [InlineData("""{ "Names": ["127.1"] }""")]
    [InlineData("""{ "Names": ["proxy.internal"], "Name": "x" }""")]
    public async Task Half_a_tls_setting_opens_nothing(string tls)
    {
        await _kit.InitAsync();
        File.WriteAllText(_kit.File_("settings.json"), $$"""{ "SmartProxy": { "Listen": { "Tls": {{tls}} } } }""");
        var (code, _, error) = await RunAsync("--config", _kit.File_("settings.json"), "--listen", "0.0.0.0:8402");

        Assert.Equal(2, code);
        Assert.Contains("SmartProxy:Listen:", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1:8402")]
    [InlineData("example.com:8402")]
    [InlineData("127.0.0.1:99999")]
    [InlineData("::1:8402")]
    public async Task An_address_that_is_none_is_named(string address)
    {
        await _kit.InitAsync();
        var (code, _, error) = await RunAsync("--listen", address);

        Assert.Equal(2, code);
        Assert.Contains("SmartProxy:Listen:Proxy: expected an address and port", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_come_from_the_file_and_flags_win()
    {
        await _kit.InitAsync();
        File.WriteAllText(_kit.File_("settings.json"), """
            { "SmartProxy": {
                "Listen": { "Proxy": "127.0.0.1:1", "Admin": "127.0.0.1:2" },
                "Egress": { "Allow": ["127.0.0.2:14443"] },
                "Networks": { "eip155:84532": { "Rpc": ["http://127.0.0.1:8545"], "Confirmations": 1 } },
                "Ledger": { "Anchor": "anchor/head.json" },
                "Wallets": { "main": { "Keystore": "wallets/main.json", "PasswordFile": "main.password" } },
                "Signer": { "MaxPayment": "0.50" } } }
            """);
        var (code, _, error) = await RunAsync("--config", _kit.File_("settings.json"), "--listen", "127.0.0.1:3");

        Assert.Equal("", error);
        Assert.Equal(0, code);
        var options = _kit.Settings!.Options;
        Assert.Equal(("127.0.0.1:3", "127.0.0.1:2"), (options.Listen.Proxy.ToString(), options.Listen.Admin.ToString()));
        Assert.Equal(("http://127.0.0.1:8545/", 1), (options.Networks[new ChainId(84532)].Rpc[0].ToString(), options.Networks[new ChainId(84532)].Confirmations));
        Assert.Equal(_kit.File_("anchor/head.json"), options.Ledger.Anchor);
        Assert.Equal(_kit.File_("wallets/main.json"), options.Wallets["main"].Keystore);
        Assert.Equal((new Usd(500_000), new Usd(200_000_000)), (options.Signer.MaxPayment, options.Signer.MaxDay));
        Assert.Equal("127.0.0.2:14443", _kit.Settings.Configuration["SmartProxy:Egress:Allow:0"]);
    }

    [Fact]
    public async Task Every_wrong_setting_is_reported_at_once_by_its_name()
    {
        await _kit.InitAsync();
        File.WriteAllText(_kit.File_("settings.json"), """
            { "SmartProxy": {
                "Netwroks": {},
                "Networks": { "eip155:84532": { "Rpc": ["ftp://secret-key@x"], "Confirmations": 0 }, "solana:x": { "Rpc": "http://x" } },
                "Ledger": { "Anker": "x" },
                "Wallets": { "main": { "Keystore": "k.json" } },
                "Signer": { "MaxPayment": "ten" } } }
            """);
        var (code, _, error) = await RunAsync("--config", _kit.File_("settings.json"));

        Assert.Equal(2, code);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.All(
            ["SmartProxy:Netwroks", "Networks:eip155:84532:Rpc", "Networks:eip155:84532:Confirmations", "solana:x", "Ledger:Anker", "Wallets:main:PasswordFile", "Signer:MaxPayment"],
            name => Assert.Contains(name, error, StringComparison.Ordinal));
        Assert.DoesNotContain("secret-key", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"SmartProxy\": ")]
    [InlineData("{ \"SmartProxy\": { \"Ledger\": { \"Anchor\": \"a\", \"Anchor\": \"b\" } } }")]
    public async Task A_settings_file_that_is_broken_stops_the_start(string content)
    {
        await _kit.InitAsync();
        File.WriteAllText(_kit.File_("settings.json"), content);
        var (code, _, error) = await RunAsync("--config", _kit.File_("settings.json"));

        Assert.Equal(2, code);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    public void Dispose() => _kit.Dispose();

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] more) => _kit.RunAsync(["run", "--data", _kit.Data, "--policy", _kit.Policy, .. more]);
}
