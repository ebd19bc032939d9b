using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>A copy of a journal that is being written is a whole journal; and a damaged one is explained, and changed only where nothing can be lost.</summary>
public sealed class LedgerRepairTests : IDisposable
{
    private static readonly LedgerOptions SmallSegments = new() { SegmentBytes = 20_000, ReserveBytes = 0 };
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Data => _folder.File("data");

    [Fact]
    public async Task A_backup_of_a_running_ledger_is_good_and_holds_all_that_was_acknowledged_before_it()
    {
        await using (var ledger = await OpenLedger.OpenAsync(Data, options: SmallSegments))
        {
            var paying = Task.WhenAll(Enumerable.Range(0, 200).Select(number => ledger.ReserveAsync(number)));
            for (var backup = 0; backup < 5; backup++)
            {
                var acknowledged = await ledger.PayAsync(1000 + backup);
                var target = _folder.File("backup-" + backup);
                var report = LedgerBackup.Run(Data, target);
                Assert.Null(report.Problem);
                await using var copy = await OpenLedger.OpenAsync(target);
                Assert.Contains(acknowledged, await copy.PaymentsAsync());
            }

            await paying;
        }

        Assert.True(JournalFiles.Segments(Data).Count > 1);
        Assert.Contains("holds a ledger already", Assert.Throws<IOException>(() => LedgerBackup.Run(Data, Data)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_torn_end_that_was_never_acknowledged_is_explained_and_cut_and_kept_beside()
    {
        await PayAsync();
        var whole = StoredJournal.Read(Data);
        await File.AppendAllTextAsync(JournalFiles.JournalIn(Data), "{\"v\":1,\"seq\":", TestContext.Current.CancellationToken);
        var torn = StoredJournal.Read(Data);

        var diagnosis = LedgerRepair.Explain(Data);
        Assert.Equal(whole.Length, diagnosis.CutAt);
        Assert.Contains($"line 6 at `journal-000001.jsonl` byte {whole.Length}", diagnosis.Findings[0], StringComparison.Ordinal);
        Assert.Contains("13 bytes of an interrupted write", string.Join('\n', diagnosis.Findings), StringComparison.Ordinal);
        Assert.Equal(torn, StoredJournal.Read(Data));

        var kept = LedgerRepair.Cut(Data, diagnosis.CutAt!.Value);
        Assert.Equal(torn, await File.ReadAllBytesAsync(kept, TestContext.Current.CancellationToken));
        Assert.Equal(whole, StoredJournal.Read(Data));
        Assert.True(LedgerRepair.Explain(Data).IsGood);
        Assert.Null(LedgerVerify.Check(Data, _ => { }).Problem);
    }

    [Fact]
    public async Task Everything_else_is_refused_with_what_was_lost()
    {
        await PayAsync();
        var (journal, head) = (StoredJournal.Read(Data), StoredJournal.ReadHead(Data));
        AssertRefused("nothing is changed", [.. journal[..700], (byte)(journal[700] ^ 1), .. journal[701..]], head);
        AssertRefused("lost: lines 5 to 5", journal[..^20], head);
        AssertRefused("lost: lines 5 to 5", journal[..(1 + Array.LastIndexOf(journal, (byte)'\n', journal.Length - 2))], head);
        AssertRefused("`head.jsonl` is missing", journal, []);
        AssertRefused("`head.jsonl` is damaged", journal, head[..100]);
        AssertRefused("no line is the one", journal, new JournalHead(5, Bytes32.Sha256("other"u8), journal.Length).ToFile());
        AssertRefused("newer version", [.. journal, .. "{\"v\":2,\"new\":1}\n"u8], head);
        File.Delete(JournalFiles.JournalIn(Data));
        Assert.Null(LedgerRepair.Explain(Data).CutAt);

        void AssertRefused(string expected, byte[] damaged, byte[] withHead)
        {
            StoredJournal.Write(Data, withHead, damaged);
            var diagnosis = LedgerRepair.Explain(Data);
            Assert.False(diagnosis.IsGood);
            Assert.Null(diagnosis.CutAt);
            Assert.Contains(expected, string.Join('\n', diagnosis.Findings), StringComparison.Ordinal);
            Assert.Equal(damaged, StoredJournal.Read(Data));
        }
    }

    [Fact]
    public async Task The_start_and_the_repair_agree_on_every_cut_of_a_journal()
    {
        await PayAsync();
        var (journal, head) = (StoredJournal.Read(Data), StoredJournal.ReadHead(Data));
        Assert.True(JournalHead.TryReadFile(head, out var acknowledged));
        for (var size = journal.Length - 300; size < journal.Length + 40; size += 17)
        {
            StoredJournal.Write(Data, head, size <= journal.Length ? journal[..size] : [.. journal, .. new byte[size - journal.Length]]);
            Assert.Equal(size > acknowledged.Length, LedgerRepair.Explain(Data).CutAt is not null);
            if (size >= acknowledged.Length)
            {
                await (await OpenLedger.OpenAsync(Data)).DisposeAsync();
            }
            else
            {
                await Assert.ThrowsAsync<LedgerUnavailableException>(() => OpenLedger.OpenAsync(Data));
            }
        }
    }

    // Five lines: opened, policy, and a payment that settled.
    private async Task PayAsync()
    {
        await using var ledger = await OpenLedger.OpenAsync(Data);
        var id = await ledger.PayAsync(1);
        await ledger.Host.RecordAsync(new LedgerEvent.Sent(id));
        await ledger.Host.RecordAsync(Purchases.Settled(id));
    }
}
