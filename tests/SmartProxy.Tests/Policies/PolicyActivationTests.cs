using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Policies;

/// <summary>A policy is on record before it decides, and no decision is ever booked under a policy that is not the last one on record.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PolicyActivationTests : IAsyncLifetime
{
    private readonly TempFolder _home = new();
    private OpenLedger _ledger = null!;

    private string Path => _home.File("policies.json");

    public async ValueTask InitializeAsync() => _ledger = await OpenLedger.OpenAsync(Directory.CreateDirectory(_home.File("data")).FullName);

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _home.Dispose();
    }

    [Fact]
    public async Task The_text_is_archived_by_hash_and_can_be_judged_again()
    {
        using var file = await StartAsync("1.00");

        var activated = Activations()[^1];
        Assert.Equal(file.Hash, activated.Hash);
        Assert.Equal(AssetRegistry.Default.CanonicalText, activated.Registry);
        Assert.Equal(file.Hash, PolicyLoader.Load(PolicyText.OfArchive(activated.Text, "archived"), AssetRegistry.Default).Policy!.Hash);
    }

    [Fact]
    public async Task After_a_crash_between_record_and_swap_the_recorded_policy_comes_back()
    {
        using (var file = await StartAsync("1.00"))
        {
            await CrashAfterRecordAsync(file, "5.00");

            // Nothing judged under the old policy is booked any more, although the swap never came.
            Assert.Equal(ReserveRefusal.PolicyChanged, await ReserveAsync(1, file.Hash!.Value));
        }

        var before = Activations();
        using var restarted = await ReopenAsync();

        Assert.Equal("5.00", LimitOf(restarted));
        Assert.Equal(before, Activations());
        Assert.Null(await ReserveAsync(2, restarted.Hash!.Value));
    }

    [Fact]
    public async Task After_a_crash_between_record_and_swap_an_older_file_is_recorded_again()
    {
        using (var file = await StartAsync("1.00"))
        {
            await CrashAfterRecordAsync(file, "5.00");
        }

        Write("1.00");
        using var restarted = await ReopenAsync();

        Assert.Equal("1.00", LimitOf(restarted));
        Assert.Equal(restarted.Hash, Activations()[^1].Hash);
        Assert.Equal(3, Activations().Count(activated => activated.Text != "{}"));
        Assert.Null(await ReserveAsync(2, restarted.Hash!.Value));
    }

    [Fact]
    public async Task A_crash_before_the_record_leaves_the_policy_that_was_recorded_last()
    {
        Bytes32 good;
        using (var file = await StartAsync("1.00"))
        {
            good = file.Hash!.Value;
            Write("5.00");
        }

        Assert.Null(await ReserveAsync(1, good));
        using var restarted = await ReopenAsync();
        Assert.Equal(ReserveRefusal.PolicyChanged, await ReserveAsync(2, good));
        Assert.Null(await ReserveAsync(3, restarted.Hash!.Value));
    }

    [Fact]
    public async Task Test_money_and_real_money_never_share_books()
    {
        Write("1.00");
        using var file = Open(InstallationMode.Live);
        await file.StartAsync(Cancelled);

        Assert.Null(file.Hash);
        Assert.Contains("this data folder is for main networks", Assert.Single(file.Health.Problems).Message, StringComparison.Ordinal);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private async Task<PolicyFile> StartAsync(string payment)
    {
        Write(payment);
        var file = Open();
        await file.StartAsync(Cancelled);
        Assert.NotNull(file.Hash);
        return file;
    }

    // The process ends after the line is durable and before the snapshot is swapped: as if the activation had never come back.
    private async Task CrashAfterRecordAsync(PolicyFile file, string payment)
    {
        var crash = new InvalidOperationException("the power failed");
        _afterRecord = () => throw crash;
        Write(payment);
        Assert.False(await file.ReloadAsync(Cancelled));
        _afterRecord = static () => { };
        Assert.Equal("1.00", LimitOf(file));
    }

    private async Task<PolicyFile> ReopenAsync()
    {
        await _ledger.DisposeAsync();
        _ledger = await OpenLedger.OpenAsync(_home.File("data"));
        var file = Open();
        await file.StartAsync(Cancelled);
        return file;
    }

    private Action _afterRecord = static () => { };

    private PolicyFile Open(InstallationMode mode = InstallationMode.Test)
    {
        var activation = new PolicyActivation(mode, _ledger.Host);
        return new PolicyFile(Path, AssetRegistry.Default, RecordAsync, _ledger.Time, NullLogger<PolicyFile>.Instance);

        async ValueTask RecordAsync(PolicySet policy, string change)
        {
            await activation.RecordAsync(policy, change);
            _afterRecord();
        }
    }

    private void Write(string payment) => File.WriteAllText(Path, PolicyFileTests.Limited(payment));

    private static string LimitOf(PolicyFile file) => ((Verdict.Denied)file.Judge([PolicyFileTests.Question("9000000")]).Verdicts[0]).Limit.ToString()!;

    private async Task<ReserveRefusal?> ReserveAsync(int number, Bytes32 policy) =>
        await _ledger.Host.ReserveAsync(Purchases.Request(number, _ledger.Time.GetUtcNow()) with { PolicyHash = policy }, Cancelled) is ReserveOutcome.Refused refused ? refused.Reason : null;

    private List<LedgerEvent.PolicyActivated> Activations() =>
        [.. _ledger.Host.ReadAfter(0).Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(recorded => recorded.Event).OfType<LedgerEvent.PolicyActivated>()];
}
