using System.Text.Json;
using SmartProxy.Connections;

namespace SmartProxy.Tests.Commands;

public sealed class CaCommandTests : IAsyncLifetime
{
    private readonly CommandKit _kit = new();

    public async ValueTask InitializeAsync() => await _kit.InitAsync();

    public ValueTask DisposeAsync()
    {
        _kit.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_rotation_from_beginning_to_end()
    {
        var first = Assert.Single(await JsonAsync("show"));
        Assert.True(first.Signs);

        var both = await JsonAsync("rotate", "--after", "7d");
        Assert.Equal([true, false], both.Select(line => line.Signs));
        Assert.Equal(both, await JsonAsync("show"));
        Assert.Equal(2, Certificates(_kit.Folder.CaCertificate));
        Assert.EndsWith(File.ReadAllText(_kit.Folder.CaCertificate), File.ReadAllText(_kit.Folder.CaBundle), StringComparison.Ordinal);

        var (code, _, error) = await _kit.RunAsync("ca", "retire", "--data", _kit.Data);
        Assert.Equal(1, code);
        Assert.Contains("the successor signs from", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_wait_the_new_authority_signs_at_once_and_the_old_one_can_go()
    {
        var both = await JsonAsync("rotate");
        Assert.Equal([false, true], both.Select(line => line.Signs));

        var left = Assert.Single(await JsonAsync("retire"));

        Assert.Equal(both[1], left);
        Assert.Equal(1, Certificates(_kit.Folder.CaCertificate));
        Assert.Equal(0, (await _kit.RunAsync("run", "--data", _kit.Data, "--policy", _kit.Policy)).Code);
    }

    [Fact]
    public async Task The_table_shows_fingerprints_and_who_signs()
    {
        var (code, output, _) = await _kit.RunAsync("ca", "show", "--data", _kit.Data);

        Assert.Equal(0, code);
        Assert.Contains(new AuthorityFolder(_kit.Folder.CertificateAuthority).Load().Current.Fingerprint + "  now", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        File.Delete(Path.Combine(_kit.Folder.CertificateAuthority, "ca.key"));
        var (code, _, error) = await _kit.RunAsync("ca", "rotate", "--data", _kit.Data);

        Assert.Equal(2, code);
        Assert.Contains("ca.key", error, StringComparison.Ordinal);
        Assert.Equal(1, Certificates(_kit.Folder.CaCertificate));
    }

    [Fact]
    public async Task An_authority_can_be_kept_to_domains_from_the_beginning()
    {
        var data = _kit.File_("narrow");
        var (code, _, error) = await _kit.RunAsync("init", "--data", data, "--policy", _kit.File_("narrow.json"), "--ca-permitted", "Example.com", "papers.test");

        Assert.Equal((0, ""), (code, error));
        Assert.NotNull(NameConstraints.Of(new AuthorityFolder(Path.Combine(data, "ca")).Load().Current.Certificate));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("*.example.com")]
    [InlineData("exa mple.com")]
    public async Task A_domain_that_is_none_is_named(string domain)
    {
        var (code, _, error) = await _kit.RunAsync("init", "--data", _kit.File_("narrow"), "--policy", _kit.File_("narrow.json"), "--ca-permitted", domain);

        Assert.Equal(2, code);
        Assert.Contains($"found `{domain}`", error, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<(string Fingerprint, bool Signs)>> JsonAsync(params string[] arguments)
    {
        var (code, output, error) = await _kit.RunAsync(["ca", .. arguments, "--data", _kit.Data, "--json"]);
        Assert.Equal((0, ""), (code, error));
        using var json = JsonDocument.Parse(output);
        return [.. json.RootElement.EnumerateArray().Select(line => (line.GetProperty("sha256").GetString()!, line.GetProperty("signs").GetBoolean()))];
    }

    private static int Certificates(string file) => File.ReadAllText(file).Split("BEGIN CERTIFICATE").Length - 1;
}
