using System.Numerics;
using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies;

/// <summary>Whatever happens to the file, a whole policy decides: the new one, or the last good one, or none and nothing is paid.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PolicyFileTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<(PolicySet Policy, string Change)> _activated = [];
    private Func<ValueTask> _journal = () => ValueTask.CompletedTask;

    private string Path => _folder.File("policies.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_a_file_the_start_says_init_in_one_line()
    {
        using var file = Open();
        var refused = await Assert.ThrowsAsync<PolicyFileException>(async () => await file.StartAsync(Cancelled));

        Assert.Contains("run `smartproxy init`", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task A_folder_of_files_comes_into_force_as_one_policy()
    {
        var folder = Directory.CreateDirectory(_folder.File("policies.d")).FullName;
        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, "a.json"), """{ "networks": ["base-sepolia"] }""", Cancelled);
        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, "b.json"), """{ "agents": { "me": { "allow": ["*"] } } }""", Cancelled);
        using var file = new PolicyFile(folder, AssetRegistry.Default, Activate, TimeProvider.System, NullLogger<PolicyFile>.Instance);
        await file.StartAsync(Cancelled);

        Assert.IsType<Verdict.Allowed>(Assert.Single(file.Judge([Question()]).Verdicts));
        Assert.Equal(file.Hash, PolicyLoader.Load(PolicyText.OfArchive(_activated[0].Policy.Text, folder), AssetRegistry.Default).Policy!.Hash);

        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, "c.json"), """{ "agents": { "me": {} } }""", Cancelled);
        Assert.False(await file.ReloadAsync(Cancelled));
        Assert.StartsWith(System.IO.Path.Combine(folder, "c.json") + ":1: agents.me: expected each name in one file", Assert.Single(file.Health.Problems).ToString(), StringComparison.Ordinal);
        Assert.IsType<Verdict.Allowed>(Assert.Single(file.Judge([Question()]).Verdicts));
    }

    [Fact]
    public async Task With_a_broken_file_the_start_succeeds_and_nothing_is_paid()
    {
        Write("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": "*" """);
        using var file = Open();

        await file.StartAsync(Cancelled);

        var (hash, verdicts) = file.Judge([Question()]);
        Assert.Null(hash);
        Assert.Null(file.Hash);
        Assert.Equal(DenyReason.NoPolicy, Assert.IsType<Verdict.Denied>(Assert.Single(verdicts)).Reason);
        Assert.NotEmpty(file.Health.Problems);
        Assert.Empty(file.LinesOf(new AgentId("me")));
        Assert.Equal(TunnelTreatment.Blind, file.Treat(new AgentId("me"), Question().Origin.Host, 443));
        Assert.Empty(_activated);
    }

    [Fact]
    public async Task A_repaired_file_comes_into_force()
    {
        Write("{");
        using var file = await StartedAsync();
        var changes = Count(file);

        Write(Limited("1.00"));
        Assert.True(await file.ReloadAsync(Cancelled));

        Assert.IsType<Verdict.Allowed>(Assert.Single(file.Judge([Question()]).Verdicts));
        Assert.Empty(file.Health.Problems);
        Assert.Equal(file.Hash, file.Health.Hash);
        Assert.Equal(1, changes());
    }

    [Fact]
    public async Task A_change_is_told_in_words_before_it_is_in_force()
    {
        Write(Limited("1.00"));
        using var file = await StartedAsync();
        var before = file.Hash;
        Bytes32? duringActivation = null;
        _journal = () =>
        {
            duringActivation = file.Hash;
            return ValueTask.CompletedTask;
        };

        Write(Limited("5.00"));
        await file.ReloadAsync(Cancelled);

        Assert.Equal(before, duringActivation);
        Assert.NotEqual(before, file.Hash);
        Assert.Equal("agents.me: payment 1.00 -> 5.00", _activated[^1].Change);
        Assert.Equal(file.Hash, _activated[^1].Policy.Hash);
        Assert.Equal("first policy: 1 agents, 0 merchants", _activated[0].Change);
    }

    [Fact]
    public async Task A_change_that_cannot_be_recorded_does_not_come_into_force_and_is_tried_again()
    {
        Write(Limited("1.00"));
        using var file = await StartedAsync();
        var before = file.Hash;
        _journal = () => throw new IOException("the journal is full");

        Write(Limited("5.00"));
        Assert.False(await file.ReloadAsync(Cancelled));

        Assert.Equal(before, file.Hash);
        Assert.Contains("the journal is full", Assert.Single(file.Health.Problems).Message, StringComparison.Ordinal);
        Assert.True(file.MayHaveChanged());

        _journal = () => ValueTask.CompletedTask;
        Assert.True(await file.ReloadAsync(Cancelled));
        Assert.NotEqual(before, file.Hash);
    }

    /// <summary>The record may be on disk although its writer failed: then the books refuse the old policy, until the return to it is on record, too.</summary>
    [Fact]
    public async Task After_a_record_that_may_have_been_made_a_return_to_the_policy_in_force_is_recorded()
    {
        Write(Limited("1.00"));
        using var file = await StartedAsync();
        _journal = () => throw new IOException("the answer was lost");
        Write(Limited("5.00"));
        await file.ReloadAsync(Cancelled);

        _journal = () => ValueTask.CompletedTask;
        Write(Limited("1.00"));
        Assert.True(await file.ReloadAsync(Cancelled));
        Assert.True(await file.ReloadAsync(Cancelled));

        Assert.Equal([file.Hash, file.Hash], _activated.Select(activated => (Bytes32?)activated.Policy.Hash));
    }

    [Fact]
    public async Task The_same_text_is_not_activated_twice()
    {
        Write(Limited("1.00"));
        using var file = await StartedAsync();
        var changes = Count(file);

        Write(Limited("1.00"));
        Assert.False(file.MayHaveChanged());
        Assert.True(await file.ReloadAsync(Cancelled));

        Assert.Single(_activated);
        Assert.Equal(0, changes());
    }

    public static TheoryData<string> Sabotage =>
        [.. Directory.GetFiles(Repository.PathOf("tests", "vectors", "policies")).Select(f => System.IO.Path.GetFileName(f)!).Where(f => f != "index.json")];

    [Theory, MemberData(nameof(Sabotage))]
    public async Task The_last_good_policy_stays_under_a_broken_file(string broken)
    {
        Write(Limited("1.00"));
        using var file = await StartedAsync();
        var changes = Count(file);
        var (good, since) = (file.Hash, file.Health.Since);

        File.Copy(Repository.PathOf("tests", "vectors", "policies", broken), Path, overwrite: true);
        Assert.False(await file.ReloadAsync(Cancelled));

        Assert.Equal(good, file.Hash);
        Assert.Equal(since, file.Health.Since);
        Assert.Equal(good, file.Judge([Question()]).PolicyHash);
        Assert.IsType<Verdict.Allowed>(Assert.Single(file.Judge([Question()]).Verdicts));
        Assert.NotEmpty(file.Health.Problems);
        Assert.Single(_activated);
        Assert.Equal(0, changes());
    }

    [Fact]
    public async Task The_last_good_policy_stays_when_the_file_goes_or_becomes_something_else()
    {
        Write(Limited("1.00"));
        using var file = await StartedAsync();
        var good = file.Hash;

        File.Delete(Path);
        await RefusedAsync("found nothing at");

        Directory.CreateDirectory(Path);
        await RefusedAsync("expected 1 to 256 policy files");
        Directory.Delete(Path);

        File.CreateSymbolicLink(Path, Path);
        await RefusedAsync("policy file");
        File.Delete(Path);

        Write(Limited("2.00"));
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        await RefusedAsync("chmod o-w");

        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.True(await file.ReloadAsync(Cancelled));
        Assert.NotEqual(good, file.Hash);

        async Task RefusedAsync(string message)
        {
            Assert.False(await file.ReloadAsync(Cancelled));
            Assert.Equal(good, file.Hash);
            Assert.Contains(message, Assert.Single(file.Health.Problems).Message, StringComparison.Ordinal);
        }
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    internal static string Limited(string payment, int padding = 0) => $$"""
        { "networks": ["base-sepolia"], // {{new string('.', padding)}}
          "agents": { "me": { "allow": ["*"], "limits": { "payment": "{{payment}}" } } } }
        """;

    internal static PaymentQuestion Question(string units = "10000")
    {
        Assert.True(Origin.TryParse("https://api.exa.ai", out var origin));
        var offer = SampleOffer.Cent with { Amount = BigInteger.Parse(units) };
        return new PaymentQuestion(new AgentId("me"), "GET", IsUpgrade: false, origin, offer) { Path = "/search", At = DateTimeOffset.UnixEpoch };
    }

    private void Write(string text) => File.WriteAllText(Path, text);

    private PolicyFile Open() => new(Path, AssetRegistry.Default, Activate, TimeProvider.System, NullLogger<PolicyFile>.Instance);

    private async Task<PolicyFile> StartedAsync()
    {
        var file = Open();
        await file.StartAsync(Cancelled);
        return file;
    }

    private async ValueTask Activate(PolicySet policy, string change)
    {
        await _journal();
        _activated.Add((policy, change));
    }

    private static Func<int> Count(PolicyFile file)
    {
        var count = 0;
        file.Changed += () => count++;
        return () => count;
    }
}
