using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>The head outside the folder: what it has seen and the journal does not hold is a rolled-back folder.</summary>
public sealed class JournalAnchorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Data => _folder.File("data");

    private string Path => _folder.File("anchor.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_follows_the_journal_at_most_once_a_second_and_at_the_end()
    {
        await using var ledger = await OpenAsync();
        var anchor = await AnchorAsync(ledger);
        Assert.Contains("begins now", anchor!.Notice, StringComparison.Ordinal);
        var first = AnchorHead.Read(Path)!;
        Assert.Equal((ledger.Host.Health.Sequence, ledger.Host.Health.Head), (first.Sequence, first.Hash));

        await ledger.PayAsync(1);
        Assert.Equal(first, AnchorHead.Read(Path));
        ledger.Time.Advance(JournalAnchor.Interval);
        await UntilAsync(() => AnchorHead.Read(Path)!.Sequence == ledger.Host.Health.Sequence);

        await ledger.PayAsync(2);
        await anchor.DisposeAsync();
        Assert.Equal(ledger.Host.Health.Head, AnchorHead.Read(Path)!.Hash);
    }

    [Fact]
    public async Task A_restored_old_copy_pays_nothing_until_an_operator_accepts_it()
    {
        await using (var before = await OpenAsync())
        {
            await before.PayAsync(1);
        }

        Copy(Data, _folder.File("yesterday"));
        await using (var ledger = await OpenAsync())
        {
            await using var anchor = await AnchorAsync(ledger);
            await ledger.PayAsync(2);
        }

        Directory.Delete(Data, recursive: true);
        Copy(_folder.File("yesterday"), Data);
        await using (var restored = await OpenAsync())
        {
            var seen = await File.ReadAllTextAsync(Path, TestContext.Current.CancellationToken);
            Assert.Null(await AnchorAsync(restored));
            Assert.StartsWith("rolled back: the anchor has seen line", restored.Host.FrozenReason(new AgentId("me")), StringComparison.Ordinal);
            Assert.Equal(ReserveRefusal.Frozen, Assert.IsType<ReserveOutcome.Refused>(await restored.ReserveAsync(3)).Reason);

            // Unfreezing is not accepting, and what the anchor has seen is kept.
            await restored.Host.RecordAsync(new LedgerEvent.Unfrozen(null, "operator", ""));
            Assert.NotNull(restored.Host.FrozenReason(new AgentId("me")));
            Assert.Equal(seen, await File.ReadAllTextAsync(Path, TestContext.Current.CancellationToken));
            var head = AnchorHead.Read(Path)!;
            await restored.Host.RecordAsync(new LedgerEvent.RollbackAccepted(head.Sequence, head.Hash, "cli", "the disk was lost"));
        }

        await using var accepted = await OpenAsync();
        await using var follows = await AnchorAsync(accepted);
        Assert.NotNull(follows);
        Assert.IsType<ReserveOutcome.Reserved>(await accepted.ReserveAsync(3));
        Assert.Equal(accepted.Host.Health.Sequence - 1, AnchorHead.Read(Path)!.Sequence);
    }

    [Fact]
    public async Task Another_history_of_the_same_length_is_noticed_too()
    {
        await using (var ledger = await OpenAsync())
        {
            await ledger.PayAsync(1);
            await using var anchor = await AnchorAsync(ledger);
        }

        var head = AnchorHead.Read(Path)!;
        (head with { Hash = Bytes32.Sha256("another"u8) }).Write(Path);
        await using var again = await OpenAsync();
        Assert.Null(await AnchorAsync(again));
        Assert.Contains("is not the one that the anchor has seen", again.Host.FrozenReason(new AgentId("me")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inside", "outside the data folder")]
    [InlineData("no folder", "does not exist")]
    [InlineData("rubbish", "is not an anchor")]
    public async Task An_anchor_that_protects_nothing_stops_the_start(string how, string message)
    {
        await using var ledger = await OpenAsync();
        var path = how switch
        {
            "inside" => System.IO.Path.Combine(Data, "anchor.json"),
            "no folder" => _folder.File("missing/anchor.json"),
            _ => Path,
        };
        await File.WriteAllTextAsync(Path, "{}", TestContext.Current.CancellationToken);
        var fault = await Assert.ThrowsAsync<OperatorException>(() => AnchorAsync(ledger, path).AsTask());
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    private Task<OpenLedger> OpenAsync()
    {
        Directory.CreateDirectory(Data);
        return OpenLedger.OpenAsync(Data);
    }

    private ValueTask<JournalAnchor?> AnchorAsync(OpenLedger ledger, string? path = null) =>
        JournalAnchor.OpenAsync(ledger.Host, path ?? Path, new DataFolder(Data), ledger.Time, NullLogger<JournalAnchor>.Instance);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var turn = 0; turn < 10_000 && !isSo(); turn++)
        {
            await Task.Yield();
        }

        Assert.True(isSo());
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = System.IO.Path.Combine(to, System.IO.Path.GetRelativePath(from, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
