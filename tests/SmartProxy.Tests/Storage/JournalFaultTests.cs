using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>Failing disks, torn writes, and damage.</summary>
public sealed class JournalFaultTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <summary>Room for about three payments.</summary>
    private static LedgerOptions SmallSegments { get; } = new() { SegmentBytes = 5000 };

    public void Dispose() => _folder.Dispose();

    public static TheoryData<int> Faults => [.. Enum.GetValues<DiskFault>().Select(fault => (int)fault)];

    [Theory, MemberData(nameof(Faults))]
    public async Task After_the_first_failure_nothing_is_paid_and_nothing_that_was_paid_is_lost(int fault)
    {
        for (var call = 1; call <= 30; call++)
        {
            var folder = _folder.File($"{fault}-{call}");
            var disk = new FaultyDisk((DiskFault)fault, call);
            var acknowledged = await PayUntilItFails(folder, disk);

            await using var after = await OpenLedger.OpenAsync(folder);
            var stored = await after.PaymentsAsync();
            Assert.Null(after.Host.Health.Trouble);
            Assert.All(acknowledged, id => Assert.Contains(id, stored));
        }
    }

    [Fact]
    public async Task A_rotation_and_the_recovery_from_it_may_be_stopped_at_any_step()
    {
        for (var call = 1; call <= 64; call += 3)
        {
            var folder = _folder.File("stopped-" + call);
            var acknowledged = await PayUntilItFails(folder, new FaultyDisk(DiskFault.EverythingFails, call));
            foreach (var step in new[] { 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14 })
            {
                await PayUntilItFails(folder, new FaultyDisk(DiskFault.EverythingFails, step), payments: 0);
            }

            await using var after = await OpenLedger.OpenAsync(folder, options: SmallSegments);
            var stored = await after.PaymentsAsync();
            Assert.All(acknowledged, id => Assert.Contains(id, stored));
            await after.DisposeAsync();
            Assert.Null(LedgerVerify.Check(folder, _ => { }).Problem);
        }
    }

    [Fact]
    public async Task What_a_failed_sync_left_is_written_again_into_a_new_segment()
    {
        // The fifth is the second payment's: before it the head, the first line, the policy and the first payment were synced.
        var acknowledged = await PayUntilItFails(_folder.Path, new FaultyDisk(DiskFault.SyncFails, 5));
        Assert.NotEmpty(acknowledged);
        var (before, head) = (StoredJournal.Read(_folder.Path), ReadHead());
        Assert.True(head.Length < before.Length);

        await using (var after = await OpenLedger.OpenAsync(_folder.Path))
        {
            Assert.Equal(acknowledged.Count + 1, (await after.PaymentsAsync()).Count);
        }

        var segments = JournalFiles.Segments(_folder.Path);
        Assert.Equal(head.Length, segments.SkipLast(1).Sum(path => new FileInfo(path).Length));
        Assert.StartsWith(System.Text.Encoding.UTF8.GetString(before.AsSpan((int)head.Length)), await File.ReadAllTextAsync(segments[^1], TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_chain_goes_on_over_the_seams_of_segments_and_no_line_is_cut()
    {
        await using (var ledger = await OpenLedger.OpenAsync(_folder.Path, options: SmallSegments))
        {
            for (var number = 0; number < 12; number++)
            {
                await ledger.PayAsync(number);
            }

            Assert.Equal(Enumerable.Range(1, 14), ledger.Host.ReadAfter(0).Select(line => (int)line.Sequence));
        }

        var segments = JournalFiles.Segments(_folder.Path);
        Assert.True(segments.Count > 3);
        Assert.All(segments, path => Assert.InRange(new FileInfo(path).Length, 1, SmallSegments.SegmentBytes));
        Assert.All(segments, path => Assert.EndsWith("}\n", File.ReadAllText(path), StringComparison.Ordinal));
        Assert.Null(LedgerVerify.Check(_folder.Path, _ => { }).Problem);
        Assert.Equal(14, JournalScan.Read(_folder.Path, _ => { }).Sequence);

        File.Delete(segments[1]);
        await AssertDamage("is missing although");
    }

    private static async Task<List<PaymentId>> PayUntilItFails(string folder, FaultyDisk disk, int payments = 12)
    {
        var acknowledged = new List<PaymentId>();
        try
        {
            await using var ledger = await OpenLedger.OpenAsync(folder, disk, options: SmallSegments);
            for (var number = 0; number < payments; number++)
            {
                var outcome = await ledger.ReserveAsync(number);
                if (outcome is ReserveOutcome.Reserved reserved)
                {
                    Assert.False(disk.HasFailed, "paid after the disk failed");
                    acknowledged.Add(reserved.Reservation.Id);
                }
                else
                {
                    await AssertStopped(ledger, acknowledged);
                }
            }
        }
        catch (LedgerUnavailableException)
        {
            Assert.Empty(acknowledged);
        }

        return acknowledged;
    }

    private static async Task AssertStopped(OpenLedger ledger, List<PaymentId> acknowledged)
    {
        Assert.Contains("nothing is paid", ledger.Host.Health.Trouble, StringComparison.Ordinal);
        Assert.NotNull(ledger.Host.FrozenReason(new AgentId("me")));
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => ledger.Host.RecordAsync(Purchases.PolicyActivated).AsTask());
        foreach (var id in acknowledged)
        {
            Assert.Null(await ledger.Host.FindReservationAsync(id, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_torn_end_is_cut_and_a_missing_one_is_damage()
    {
        var (journal, head, heads) = await SmallJournal();
        var acknowledged = heads[^3];
        for (var cut = 0; cut <= journal.Length; cut += cut < acknowledged.Length - 200 ? 97 : 1)
        {
            Restore(journal.AsSpan(0, cut), acknowledged.ToFile());
            if (cut < acknowledged.Length)
            {
                await AssertDamage("its end is missing");
                continue;
            }

            var kept = heads.Last(h => h.Length <= cut);
            await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
            Assert.True(ledger.Host.Health.Sequence >= kept.Sequence);
            Assert.Equal(cut == kept.Length, ledger.Host.Repair is null);
            Assert.Equal(journal.AsSpan(0, (int)kept.Length), ReadJournal().AsSpan(0, (int)kept.Length));
        }

        Restore(journal, head);
        await using var whole = await OpenLedger.OpenAsync(_folder.Path);
        Assert.Null(whole.Host.Repair);
    }

    [Fact]
    public async Task A_bad_byte_within_what_was_acknowledged_is_damage()
    {
        var (journal, head, _) = await SmallJournal();
        for (var i = 0; i < journal.Length; i += 5)
        {
            var changed = (byte[])journal.Clone();
            changed[i] ^= 1;
            Restore(changed, head);
            await AssertDamage("");
        }
    }

    [Fact]
    public async Task A_lost_or_changed_head_is_explained()
    {
        var (journal, head, heads) = await SmallJournal();
        Restore(journal, heads[^2].ToFile().AsSpan(1, 300));
        await AssertDamage("head.jsonl` is damaged");
        Restore(journal, (heads[^1] with { Sequence = heads[^1].Sequence + 1 }).ToFile());
        await AssertDamage("acknowledged last");
        Restore(journal, (heads[^1] with { Length = heads[^1].Length - 1 }).ToFile());
        await AssertDamage("acknowledged last");

        // One copy may be torn: the other one holds.
        Restore(journal, [.. heads[^1].ToBytes(), .. new byte[100]]);
        await (await OpenLedger.OpenAsync(_folder.Path)).DisposeAsync();
        Restore(journal, [.. new byte[JournalHead.Size], .. heads[^1].ToBytes()]);
        await (await OpenLedger.OpenAsync(_folder.Path)).DisposeAsync();

        Restore(journal, head);
        File.Delete(JournalFiles.HeadIn(_folder.Path));
        await AssertDamage("head.jsonl` is missing");

        Restore(journal, head);
        File.Delete(JournalFiles.JournalIn(_folder.Path));
        await AssertDamage("its end is missing");
    }

    [Fact]
    public async Task A_journal_of_a_newer_version_is_neither_cut_nor_read()
    {
        var (journal, head, _) = await SmallJournal();
        Restore([.. journal, .. "{\"v\":2,\"more\":1}\n"u8], head);
        await AssertDamage("newer version");

        Restore(journal, head);
        File.WriteAllText(Path.Combine(JournalFiles.FolderIn(_folder.Path), "journal-000002.binary"), "");
        await AssertDamage("newer version");
    }

    private async Task AssertDamage(string expected)
    {
        var e = await Assert.ThrowsAsync<LedgerUnavailableException>(() => OpenLedger.OpenAsync(_folder.Path));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private async Task<(byte[] Journal, byte[] Head, List<JournalHead> Heads)> SmallJournal()
    {
        await using (var ledger = await OpenLedger.OpenAsync(_folder.Path))
        {
            var id = await ledger.PayAsync(1);
            await ledger.Host.RecordAsync(new LedgerEvent.Sent(id));
            await ledger.Host.RecordAsync(Purchases.Settled(id));
            await ledger.Host.RecordAsync(Purchases.Refused(2, ledger.Time.GetUtcNow()));
        }

        var journal = ReadJournal();
        var (heads, chain) = (new List<JournalHead> { JournalHead.Empty }, new JournalChain());
        var scanner = new LineScanner((bytes, offset) => Read(journal, bytes, offset), 0, journal.Length);
        while (scanner.TryRead(out var line))
        {
            Assert.Null(chain.Check(line, scanner.IsTerminated, out _));
            heads.Add(new JournalHead(chain.Sequence, chain.Head, scanner.Next));
        }

        return (journal, File.ReadAllBytes(JournalFiles.HeadIn(_folder.Path)), heads);
    }

    private static int Read(byte[] file, Span<byte> bytes, long offset)
    {
        var size = Math.Min(bytes.Length, file.Length - (int)offset);
        file.AsSpan((int)offset, size).CopyTo(bytes);
        return size;
    }

    private byte[] ReadJournal() => StoredJournal.Read(_folder.Path);

    private JournalHead ReadHead() => JournalHead.TryReadFile(StoredJournal.ReadHead(_folder.Path), out var head) ? head : JournalHead.Empty;

    private void Restore(ReadOnlySpan<byte> journal, ReadOnlySpan<byte> head) => StoredJournal.Write(_folder.Path, head, journal.ToArray());
}
