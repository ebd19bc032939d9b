using SmartProxy.Identity;

namespace SmartProxy.Tests.Commands;

public sealed class EnvAndExecTests : IAsyncLifetime
{
    private readonly CommandKit _kit = new();

    public async ValueTask InitializeAsync() => await _kit.InitAsync();

    public ValueTask DisposeAsync()
    {
        _kit.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_shell_lines_point_clients_at_the_proxy_and_at_the_bundle()
    {
        var (code, output, error) = await _kit.RunAsync("env", "me", "--data", _kit.Data);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(0, code);
        Assert.All(lines, line => Assert.True(line.StartsWith("# ", StringComparison.Ordinal) || line.StartsWith("export ", StringComparison.Ordinal), line));
        Assert.Matches("export HTTPS_PROXY='http://me:sp_[0-9a-z_]+@127.0.0.1:8402'\n", output);
        Assert.Contains($"export SSL_CERT_FILE='{_kit.Folder.CaBundle}'\n", output, StringComparison.Ordinal);
        Assert.Contains($"export NODE_EXTRA_CA_CERTS='{_kit.Folder.CaCertificate}'\n", output, StringComparison.Ordinal);
        Assert.Contains("made token", error, StringComparison.Ordinal);
        Assert.EndsWith(File.ReadAllText(_kit.Folder.CaCertificate), File.ReadAllText(_kit.Folder.CaBundle), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_made_token_is_stored_under_the_name_env_and_works()
    {
        var (_, output, error) = await _kit.RunAsync("env", "me", "--data", _kit.Data, "--format", "docker");
        var token = output.Split("http://me:")[1].Split('@')[0];
        var stored = new CredentialFile(_kit.Folder.Credentials).Read().Single(token => token.Note == "env");

        Assert.Equal(stored.Hash.ToArray(), AgentToken.HashOf(token));
        Assert.DoesNotContain(token, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_given_token_is_used_and_none_is_made()
    {
        var token = AgentToken.Create(new SmartProxy.Protocol.SystemRandomSource()).Reveal();
        var (_, output, error) = await _kit.RunAsync("env", "me", "--data", _kit.Data, "--token", token, "--proxy", "http://proxy:8402");

        Assert.Contains($"http://me:{token}@proxy:8402", output, StringComparison.Ordinal);
        Assert.Equal("", error);
        Assert.Single(new CredentialFile(_kit.Folder.Credentials).Read());
    }

    [Theory]
    [InlineData("dotenv", "HTTPS_PROXY='http")]
    [InlineData("docker", "HTTPS_PROXY=http")]
    [InlineData("k8s", "  HTTPS_PROXY: 'http")]
    public async Task Each_format_has_its_own_form(string format, string expected)
    {
        var (_, output, _) = await _kit.RunAsync("env", "me", "--data", _kit.Data, "--format", format);

        Assert.Contains("\n" + expected, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_becomes_the_command_with_its_own_arguments_untouched()
    {
        var (code, _, _) = await _kit.RunAsync("exec", "me", "--data", _kit.Data, "--", "sh", "-c", "exit 3", "@file", "--data", "x");

        Assert.Equal(0, code);
        var became = _kit.Became!.Value;
        Assert.EndsWith("/sh", became.Path, StringComparison.Ordinal);
        Assert.Equal(["sh", "-c", "exit 3", "@file", "--data", "x"], became.Arguments);
        Assert.Contains(became.Environment, entry => entry.StartsWith("HTTPS_PROXY=http://me:sp_", StringComparison.Ordinal));
        Assert.Single(became.Environment, entry => entry.StartsWith("SSL_CERT_FILE=", StringComparison.Ordinal));
        Assert.Contains(became.Environment, entry => entry.StartsWith("PATH=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exec_of_what_is_not_there_ends_as_a_shell_would_and_makes_no_token()
    {
        Assert.Equal(127, (await _kit.RunAsync("exec", "me", "--data", _kit.Data, "--", "no-such-command-here")).Code);
        Assert.Single(new CredentialFile(_kit.Folder.Credentials).Read());
        _kit.BecomeError = 13;
        Assert.Equal(126, (await _kit.RunAsync("exec", "me", "--data", _kit.Data, "--", "sh")).Code);
    }
}
