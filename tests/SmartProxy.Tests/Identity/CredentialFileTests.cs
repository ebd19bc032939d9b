using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using static SmartProxy.Tests.Identity.CredentialKit;

namespace SmartProxy.Tests.Identity;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class CredentialFileTests : IDisposable
{
    private readonly CredentialKit _kit = new();

    [Fact]
    public void The_file_holds_hashes_and_never_a_token()
    {
        var token = _kit.Editor.Add(Agent("me"), "laptop");
        var text = File.ReadAllText(_kit.File.Path);

        Assert.DoesNotContain(token.Reveal(), text, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Reveal()[^52..], text, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(AgentToken.HashOf(token.Reveal())), text, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Reveal()[^52..], token.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_owner_may_read_it_before_and_after_a_change()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_kit.File.Path));
        _kit.Editor.Add(Agent("me"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_kit.File.Path));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_open_to_others_is_refused(UnixFileMode opened)
    {
        File.SetUnixFileMode(_kit.File.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | opened);

        var fault = Assert.Throws<OperatorException>(() => _kit.File.Read());
        Assert.Contains("chmod 600", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"version\":2,\"tokens\":[]}")]
    [InlineData("{\"version\":1,\"version\":1,\"tokens\":[]}")]
    [InlineData("{\"version\":1,\"tokens\":[],\"more\":1}")]
    [InlineData("{\"version\":1,\"tokens\":[{\"id\":\"0123456789\"}]}")]
    public void A_file_that_this_program_did_not_write_is_refused(string content)
    {
        File.WriteAllText(_kit.File.Path, content);

        var fault = Assert.Throws<OperatorException>(() => _kit.File.Read());
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public void Changes_of_several_processes_at_once_are_all_kept()
    {
        Parallel.For(0, 8, i => new CredentialEditor(new CredentialFile(_kit.File.Path), TimeProvider.System, new SeededRandom(i)).Add(Agent("a" + i)));

        Assert.Equal(8, _kit.File.Read().Count);
    }

    [Fact]
    public async Task A_command_waits_a_while_for_another_one_and_then_says_so()
    {
        using var other = PrivateFile.OpenLock(_kit.File.Path + ".lock");
        var waiting = Task.Run(() => _kit.Editor.Add(Agent("me")), TestContext.Current.CancellationToken);
        var waited = TimeSpan.Zero;
        while (!waiting.IsCompleted)
        {
            _kit.Time.Advance(TimeSpan.FromMilliseconds(20));
            waited += TimeSpan.FromMilliseconds(20);
            await Task.Yield();
        }

        Assert.Contains("try again", (await Assert.ThrowsAsync<OperatorException>(() => waiting)).Message, StringComparison.Ordinal);
        Assert.True(waited >= TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_token_uses_all_of_its_256_random_bits()
    {
        var zero = AgentToken.Create(new ScriptedRandom([new byte[10], new byte[32]])).Reveal();
        var texts = Enumerable.Range(0, 256).Select(bit =>
        {
            var bytes = new byte[32];
            bytes[bit / 8] = (byte)(1 << (bit % 8));
            return AgentToken.Create(new ScriptedRandom([new byte[10], bytes])).Reveal();
        });

        Assert.Equal(257, texts.Append(zero).Distinct().Count());
        Assert.Equal(AgentToken.IdLength + 56, zero.Length);
    }

    [Fact]
    public void Revoking_says_when_there_is_nothing_to_revoke()
    {
        Assert.Throws<OperatorException>(() => _kit.Editor.Revoke(Agent("ghost")));
        _kit.Editor.Add(Agent("me"));
        Assert.Throws<OperatorException>(() => _kit.Editor.Revoke(Agent("me"), "nosuchid00"));
        Assert.Equal(1, _kit.Editor.Revoke(Agent("me")));
    }

    [Fact]
    public void The_admin_token_shows_itself_to_nobody_and_matches_only_itself()
    {
        using var folder = new TempFolder();
        var token = AdminToken.Create(folder.File("admin-token"), new SystemRandomSource());

        Assert.True(AdminToken.Load(folder.File("admin-token")).Matches(token.Reveal()));
        Assert.False(token.Matches(token.Reveal() + "0"));
        Assert.False(token.Matches(null));
        Assert.DoesNotContain(token.Reveal(), token.ToString(), StringComparison.Ordinal);
        Assert.Throws<IOException>(() => AdminToken.Create(folder.File("admin-token"), new SystemRandomSource()));
    }

    public void Dispose() => _kit.Dispose();
}
