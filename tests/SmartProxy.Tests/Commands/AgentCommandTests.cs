using System.Text.Json;
using SmartProxy.Identity;

namespace SmartProxy.Tests.Commands;

public sealed class AgentCommandTests : IAsyncLifetime
{
    private readonly CommandKit _kit = new();

    public async ValueTask InitializeAsync() => await _kit.InitAsync();

    public ValueTask DisposeAsync()
    {
        _kit.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_new_agents_token_is_printed_as_scripts_expect_it()
    {
        var (code, output, error) = await _kit.RunAsync("agent", "add", "r-1", "--data", _kit.Data, "--json");

        Assert.Equal(0, code);
        Assert.Matches("^\\{\"agent\":\"r-1\",\"token\":\"sp_[0-9a-z]{10}_[0-9a-z]{52}\"\\}\n$", output);
        Assert.Contains("no entry for agent `r-1`", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task An_agent_that_the_policy_has_gets_no_note()
    {
        Assert.Equal("", (await _kit.RunAsync("agent", "add", "me", "--data", _kit.Data)).Error);
    }

    [Fact]
    public async Task Revoking_ends_what_it_names()
    {
        await _kit.RunAsync("agent", "add", "me", "--data", _kit.Data);
        var ids = Tokens().Select(token => token.Id).ToArray();

        Assert.Equal("ended 1 token of me\n", (await _kit.RunAsync("agent", "revoke", "me", "--token-id", ids[0], "--data", _kit.Data)).Output);
        Assert.Equal(ids[1], Assert.Single(Tokens()).Id);
        Assert.Equal(0, (await _kit.RunAsync("agent", "revoke", "me", "--data", _kit.Data)).Code);
        Assert.Equal(1, (await _kit.RunAsync("agent", "revoke", "me", "--data", _kit.Data)).Code);
    }

    [Fact]
    public async Task Rotation_leaves_the_old_token_an_hour_unless_told_otherwise()
    {
        await _kit.RunAsync("agent", "rotate", "me", "--data", _kit.Data);
        await _kit.RunAsync("agent", "rotate", "me", "--grace", "0s", "--data", _kit.Data);

        Assert.Equal(2, Tokens().Count(token => token.IsExpired(DateTimeOffset.UtcNow)));
        Assert.Null(Tokens()[^1].Expires);
    }

    [Fact]
    public async Task The_list_shows_ids_and_no_secret()
    {
        var (_, output, _) = await _kit.RunAsync("agent", "list", "--data", _kit.Data, "--json");
        using var json = JsonDocument.Parse(output);

        Assert.Equal("me", json.RootElement[0].GetProperty("agent").GetString());
        Assert.DoesNotContain("sp_", output, StringComparison.Ordinal);
        Assert.DoesNotContain("sp_", (await _kit.RunAsync("agent", "list", "--data", _kit.Data)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Me")]
    [InlineData("a b")]
    [InlineData("-x")]
    [InlineData("a/../b")]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        var (code, _, error) = await _kit.RunAsync("agent", "add", "--data", _kit.Data, "--", name);

        Assert.Equal(2, code);
        Assert.Contains("expected an agent's name", error, StringComparison.Ordinal);
    }

    private IReadOnlyList<StoredToken> Tokens() => new CredentialFile(_kit.Folder.Credentials).Read();
}
