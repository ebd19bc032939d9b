using System.Text.Json;
using SmartProxy.Installation;

namespace SmartProxy.Tests.Commands;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class InitCommandTests : IDisposable
{
    private readonly CommandKit _kit = new();

    [Fact]
    public async Task A_first_installation_is_complete_private_and_small()
    {
        var (code, output, _) = await _kit.InitAsync();
        using var json = JsonDocument.Parse(output);

        Assert.Equal(0, code);
        Assert.Equal("me", json.RootElement.GetProperty("agent").GetString());
        Assert.StartsWith("sp_", json.RootElement.GetProperty("token").GetString(), StringComparison.Ordinal);
        Assert.Equal("test", json.RootElement.GetProperty("mode").GetString());
        Assert.Contains("\"day\": \"1.00\"", File.ReadAllText(_kit.Policy), StringComparison.Ordinal);
        Assert.All(
            Directory.EnumerateFiles(_kit.Data, "*", SearchOption.AllDirectories),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_kit.Data));
        Assert.Equal(
            ["admin-token", "ca/ca.key", "ca/ca.pem", "credentials.json", "ledger/journal", "receipts-key/key.pem", "wallets/main.json", "wallets/main.password"],
            InstallationFile.Load(_kit.Folder).Made);
    }

    [Fact]
    public async Task Nothing_that_exists_is_overwritten()
    {
        await _kit.InitAsync();
        var before = File.ReadAllText(_kit.Folder.AdminToken);

        var (code, _, error) = await _kit.RunAsync("init", "--data", _kit.Data, "--policy", _kit.File_("other.json"));
        Assert.Equal(1, code);
        Assert.Contains("not empty", error, StringComparison.Ordinal);

        (code, _, error) = await _kit.RunAsync("init", "--data", _kit.File_("data2"), "--policy", _kit.Policy);
        Assert.Equal(1, code);
        Assert.Contains("exists and is not overwritten", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_kit.File_("data2")));
        Assert.Equal(before, File.ReadAllText(_kit.Folder.AdminToken));
    }

    [Fact]
    public async Task Half_an_installation_is_cleared_away()
    {
        _kit.Seams = _kit.Seams with { CreateReceiptsKey = _ => throw new IOException("no space left") };
        var (code, _, error) = await _kit.InitAsync();

        Assert.Equal(1, code);
        Assert.Contains("no space left", error, StringComparison.Ordinal);
        Assert.True(_kit.Folder.IsEmpty);
        Assert.False(File.Exists(_kit.Policy));
    }

    [Fact]
    public async Task An_unknown_network_is_named()
    {
        var (code, _, error) = await _kit.RunAsync("init", "--data", _kit.Data, "--policy", _kit.Policy, "--network", "bse");

        Assert.Equal(2, code);
        Assert.Contains("found `bse`", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_steps_name_the_folders_that_were_chosen()
    {
        var (_, output, _) = await _kit.RunAsync("init", "--data", _kit.Data, "--policy", _kit.Policy, "--network", "base");

        Assert.Contains("REAL money", output, StringComparison.Ordinal);
        Assert.Contains($"smartproxy run --data {_kit.Data} --policy {_kit.Policy}", output, StringComparison.Ordinal);
    }

    public void Dispose() => _kit.Dispose();
}
