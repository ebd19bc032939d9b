using SmartProxy.Identity;
using static SmartProxy.Tests.Identity.CredentialKit;

namespace SmartProxy.Tests.Identity;

public sealed class AgentAuthenticatorTests : IDisposable
{
    private readonly CredentialKit _kit = new();

    [Fact]
    public void A_token_is_known_in_both_schemes()
    {
        var token = _kit.Editor.Add(Agent("me")).Reveal();
        using var authenticator = _kit.Authenticator();

        Assert.Equal("me", authenticator.Authenticate(Basic("me", token))?.Agent.Value);
        Assert.Equal("me", authenticator.Authenticate("Bearer " + token)?.Agent.Value);
        Assert.Equal("me", authenticator.Authenticate("bearer " + token)?.Agent.Value);
        Assert.Equal("me", authenticator.Verify(token)?.Agent.Value);
    }

    [Fact]
    public void A_file_that_can_not_be_opened_for_a_moment_and_looks_as_it_did_ends_no_token()
    {
        var token = _kit.Editor.Add(Agent("me")).Reveal();
        var store = CredentialStore.Open(_kit.File, _kit.Time);
        using var authenticator = new AgentAuthenticator(store, _ => [], _kit.Time);
        store.Refresh();
        using (new FileStream(_kit.File.Path, FileMode.Open, FileAccess.Read, FileShare.None))
        {
            store.Refresh();
            Assert.NotNull(authenticator.Verify(token));
        }

        File.WriteAllText(_kit.File.Path, "damaged");
        store.Refresh();
        Assert.Null(authenticator.Verify(token));
    }

    [Fact]
    public void A_token_works_only_with_its_own_agents_name()
    {
        var token = _kit.Editor.Add(Agent("me")).Reveal();
        _kit.Editor.Add(Agent("other"));
        using var authenticator = _kit.Authenticator();

        Assert.Null(authenticator.Authenticate(Basic("other", token)));
        Assert.Null(authenticator.Authenticate(Basic("", token)));
        Assert.Null(authenticator.Authenticate(Basic("ME", token)));
        Assert.Null(authenticator.Authenticate(Basic(token, "")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Basic")]
    [InlineData("Basic ###")]
    [InlineData("Basic bWU=")]
    [InlineData("Bearer")]
    [InlineData("Bearer sp_")]
    [InlineData("Digest username=me")]
    [InlineData("Bearer sp_0000000000_0000000000000000000000000000000000000000000000000000")]
    [InlineData("Basic /////w==")]
    public void Whatever_is_no_token_is_nobody(string? header)
    {
        _kit.Editor.Add(Agent("me"));
        using var authenticator = _kit.Authenticator();

        Assert.Null(authenticator.Authenticate(header));
    }

    [Fact]
    public void A_changed_secret_under_a_known_id_is_nobody()
    {
        var token = _kit.Editor.Add(Agent("me")).Reveal();
        using var authenticator = _kit.Authenticator();
        var last = token[^2] == '0' ? '1' : '0';

        Assert.Null(authenticator.Authenticate("Bearer " + token[..^2] + last + token[^1]));
    }

    [Fact]
    public async Task A_revoked_token_ends_its_tunnels_within_a_second()
    {
        var first = _kit.Editor.Add(Agent("me"));
        var second = _kit.Editor.Add(Agent("me"));
        using var authenticator = _kit.Authenticator();
        var identity = authenticator.Verify(first.Reveal())!;
        var other = authenticator.Verify(second.Reveal())!;
        var ended = new TaskCompletionSource();
        identity.Ended.Register(ended.SetResult);

        _kit.Editor.Revoke(Agent("me"), first.Id);
        _kit.Time.Advance(TimeSpan.FromSeconds(1));

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Null(authenticator.Verify(first.Reveal()));
        Assert.NotNull(authenticator.Verify(second.Reveal()));
        Assert.False(other.Ended.IsCancellationRequested);
    }

    [Fact]
    public void An_expired_token_is_refused_at_once_and_ends_its_tunnels_within_a_second()
    {
        var token = _kit.Editor.Add(Agent("me"), validity: TimeSpan.FromMinutes(1)).Reveal();
        using var authenticator = _kit.Authenticator();
        var identity = authenticator.Verify(token)!;

        _kit.Time.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        Assert.NotNull(authenticator.Verify(token));
        _kit.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Null(authenticator.Verify(token));
        _kit.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(identity.Ended.IsCancellationRequested);
    }

    [Fact]
    public void A_token_that_another_process_adds_works_at_once()
    {
        using var authenticator = _kit.Authenticator();
        var token = _kit.Editor.Add(Agent("late")).Reveal();

        Assert.Equal("late", authenticator.Verify(token)?.Agent.Value);
    }

    [Fact]
    public void Rotation_keeps_the_old_token_for_its_grace_and_no_longer()
    {
        var old = _kit.Editor.Add(Agent("me")).Reveal();
        var fresh = _kit.Editor.Rotate(Agent("me"), TimeSpan.FromMinutes(5)).Reveal();
        using var authenticator = _kit.Authenticator();

        Assert.NotNull(authenticator.Verify(old));
        _kit.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(authenticator.Verify(old));
        Assert.NotNull(authenticator.Verify(fresh));
    }

    [Theory]
    [InlineData("{\"version\":1,\"tokens\":[")]
    [InlineData("{\"version\":1,\"tokens\":[{\"id\":\"\\ud800\"}]}")]
    public void A_file_that_cannot_be_trusted_any_more_admits_nobody_until_it_is_mended(string bad)
    {
        var token = _kit.Editor.Add(Agent("me")).Reveal();
        using var authenticator = _kit.Authenticator();
        var identity = authenticator.Verify(token)!;
        var good = File.ReadAllBytes(_kit.File.Path);

        File.WriteAllText(_kit.File.Path, bad);
        _kit.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(authenticator.Verify(token));
        Assert.True(identity.Ended.IsCancellationRequested);

        File.WriteAllBytes(_kit.File.Path, good);
        _kit.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(authenticator.Verify(token));
    }

    [Fact]
    public void A_hash_in_the_policy_admits_its_agent_and_leaves_with_the_policy()
    {
        var secret = "a-secret-of-the-operators-own-making";
        var hash = "sha256:" + Convert.ToHexStringLower(AgentToken.HashOf(secret));
        _kit.Declared[Agent("ci")] = [hash];
        using var authenticator = _kit.Authenticator();

        var identity = authenticator.Authenticate(Basic("ci", secret))!;
        Assert.Equal("ci", identity.Agent.Value);
        Assert.Null(authenticator.Authenticate(Basic("me", secret)));
        Assert.Null(authenticator.Authenticate(Basic("ci", secret + "x")));

        _kit.Declared.Clear();
        _kit.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(identity.Ended.IsCancellationRequested);
        Assert.Null(authenticator.Authenticate(Basic("ci", secret)));
    }

    [Fact]
    public void A_declared_token_that_could_be_guessed_admits_nobody()
    {
        var (guessed, just) = ("hunter2-hunter2-hunter2-hunter2", "hunter2-hunter2-hunter2-hunter2-");
        _kit.Declared[Agent("ci")] = [Convert.ToHexStringLower(AgentToken.HashOf(guessed)), Convert.ToHexStringLower(AgentToken.HashOf(just))];
        using var authenticator = _kit.Authenticator();

        Assert.Null(authenticator.Authenticate(Basic("ci", guessed)));
        Assert.NotNull(authenticator.Authenticate(Basic("ci", just)));
    }

    public void Dispose() => _kit.Dispose();
}
