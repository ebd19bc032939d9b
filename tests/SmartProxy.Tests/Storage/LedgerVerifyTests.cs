using System.Buffers;
using System.Diagnostics;
using System.Text;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>An auditor with the folder and no secret finds every change.</summary>
public sealed class LedgerVerifyTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_good_journal_is_good_and_its_sums_are_told()
    {
        Write(Small());
        var (code, text) = Verify();
        Assert.Equal(LedgerVerify.Good, code);
        Assert.Contains("Settled: 1 payments, 0.01 USD", text, StringComparison.Ordinal);
        Assert.Contains("\"in_doubt\":{\"count\":1,\"value\":\"0.01\"}", Verify(json: true).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_changed_byte_is_found()
    {
        var (journal, head) = (Small(), HeadOf(Small()));
        for (var i = 0; i < journal.Length + head.Length; i++)
        {
            var (changedJournal, changedHead) = ((byte[])journal.Clone(), (byte[])head.Clone());
            (i < journal.Length ? changedJournal : changedHead)[i < journal.Length ? i : i - journal.Length] ^= 1;
            Write(changedJournal, changedHead);
            Assert.True(Verify().Code == LedgerVerify.Bad, $"byte {i} was changed and not found");
        }
    }

    [Fact]
    public void A_removed_repeated_or_moved_line_is_found()
    {
        var journal = Small();
        var lines = Encoding.UTF8.GetString(journal).Split('\n')[..^1];
        for (var i = 0; i < lines.Length; i++)
        {
            AssertBad([.. lines[..i], .. lines[(i + 1)..]]);
            AssertBad([.. lines[..i], lines[i], .. lines[i..]]);
            if (i > 0)
            {
                AssertBad([.. lines[..(i - 1)], lines[i], lines[i - 1], .. lines[(i + 1)..]]);
            }
        }

        void AssertBad(string[] changed)
        {
            Write(Encoding.UTF8.GetBytes(string.Join('\n', changed) + "\n"), HeadOf(journal));
            Assert.Equal(LedgerVerify.Bad, Verify().Code);
        }
    }

    [Fact]
    public void A_journal_written_again_with_good_hashes_still_betrays_a_changed_amount()
    {
        Write(Compose(entry => entry is JournalEntry.Reserved r
            ? r with { Authorization = r.Authorization with { Terms = r.Authorization.Terms with { Value = new TokenAmount(1) } } }
            : entry));
        Assert.Contains("the nonce is not the hash", Verify().Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("invariant", "I5")]
    public void A_journal_written_again_with_another_past_betrays_it_by_the_record_that_the_chain_shows()
    {
        Write(Compose(entry => entry is JournalEntry.Recorded { Event: LedgerEvent.PolicyActivated p }
            ? new JournalEntry.Recorded(p with { Text = "{ \"wider\": true }" })
            : entry));
        Assert.Contains("commits to a line that is not in this journal", Verify().Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_impossible_move_is_found_even_when_all_hashes_are_right()
    {
        Write(Compose(entry => entry is JournalEntry.Recorded { Event: LedgerEvent.Sent s } ? new JournalEntry.Recorded(new LedgerEvent.Aborted(s.Payment, "no")) : entry));
        Assert.Contains("can't go from Aborted to Settled", Verify().Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chain_shows_what_no_decision_explains()
    {
        Write(Small());
        var notary = new NotaryCheck();
        JournalEntry.Reserved? reserved = null;
        LedgerVerify.Check(_folder.Path, line =>
        {
            notary.Take(line);
            reserved ??= line.Entry as JournalEntry.Reserved;
        });
        var terms = reserved!.Authorization.Terms;
        var known = new UsedAuthorization(terms.Chain, terms.Asset, terms.From, reserved.Authorization.Nonce, Now);
        var unknown = known with { Nonce = default };

        Assert.Collection(
            notary.Compare([known, unknown]),
            finding => Assert.Equal(reserved.Id, Assert.IsType<NotaryFinding.Explained>(finding).Payment),
            finding => Assert.Equal(unknown, Assert.IsType<NotaryFinding.Drift>(finding).Used));
    }

    [Fact]
    public void Verify_and_export_refuse_a_folder_in_use_and_one_without_a_journal()
    {
        Assert.Equal(LedgerVerify.Unreadable, Verify().Code);
        Write(Small());
        using var inUse = FolderLock.Acquire(_folder.Path);
        Assert.Contains("in use by process", Verify().Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_is_the_journal_and_stops_at_damage()
    {
        var journal = Small();
        Write(journal);
        using var copy = new MemoryStream();
        using var problems = new StringWriter();
        Assert.Equal(LedgerVerify.Good, LedgerExport.Run(_folder.Path, copy, problems));
        Assert.Equal(journal, copy.ToArray());

        journal[^10] ^= 1;
        journal[300] ^= 1;
        Write(journal);
        Assert.Equal(LedgerVerify.Bad, LedgerExport.Run(_folder.Path, Stream.Null, problems));
        Assert.Contains("after line 1", problems.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_journal_is_verified_and_its_speed_told()
    {
        const int payments = 10_000;
        Write(Long(payments));
        var started = Stopwatch.GetTimestamp();
        Assert.Equal(LedgerVerify.Good, Verify().Code);
        var rate = (payments * 3 + 2) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"{rate:N0} lines per second");
    }

    private (int Code, string Text) Verify(bool json = false)
    {
        using var output = new StringWriter();
        return (LedgerVerify.Run(_folder.Path, output, json), output.ToString());
    }

    private void Write(byte[] journal, byte[]? head = null) => StoredJournal.Write(_folder.Path, head ?? HeadOf(journal), journal);

    private static byte[] HeadOf(byte[] journal)
    {
        var lines = Encoding.UTF8.GetString(journal).Split('\n')[..^1];
        return new JournalHead(lines.Length, Bytes32.Sha256(Encoding.UTF8.GetBytes(lines[^1])), journal.Length).ToFile();
    }

    private static byte[] Small() => Compose(entry => entry);

    /// <summary>A small journal, each entry changed before it is written; the chain of hashes is always right.</summary>
    private static byte[] Compose(Func<JournalEntry, JournalEntry> change)
    {
        var (output, ledger, honest) = (new ArrayBufferWriter<byte>(), new BudgetLedger(), new JournalWriter(0, default));
        var forged = new JournalWriter(0, default);
        void Add(JournalEntry entry)
        {
            ledger.Apply(honest.Append(entry, Now, new ArrayBufferWriter<byte>()));
            forged.Append(change(entry), Now, output);
        }

        Add(new JournalEntry.Opened(Bytes32.Sha256("journal"u8)));
        Add(new JournalEntry.Recorded(Purchases.PolicyActivated));
        var (first, second) = (Purchases.Request(1, Now), Purchases.Request(2, Now));
        Add(ledger.Decide(first, Now, honest.Head).Entry!);
        Add(new JournalEntry.Recorded(new LedgerEvent.Sent(first.Id)));
        Add(new JournalEntry.Recorded(Purchases.Settled(first.Id)));
        Add(ledger.Decide(second, Now, honest.Head).Entry!);
        Add(new JournalEntry.Recorded(new LedgerEvent.InDoubt(second.Id, "no_answer", null, false)));
        Add(new JournalEntry.Recorded(Purchases.Refused(3, Now)));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Long(int payments)
    {
        var (output, ledger, writer) = (new ArrayBufferWriter<byte>(), new BudgetLedger(), new JournalWriter(0, default));
        void Add(JournalEntry entry) => ledger.Apply(writer.Append(entry, Now, output));
        Add(new JournalEntry.Opened(Bytes32.Sha256("journal"u8)));
        Add(new JournalEntry.Recorded(Purchases.PolicyActivated));
        for (var i = 0; i < payments; i++)
        {
            var request = Purchases.Request(i, Now);
            Add(ledger.Decide(request, Now, writer.Head).Entry!);
            Add(new JournalEntry.Recorded(new LedgerEvent.Sent(request.Id)));
            Add(new JournalEntry.Recorded(Purchases.Settled(request.Id)));
        }

        return output.WrittenSpan.ToArray();
    }
}
