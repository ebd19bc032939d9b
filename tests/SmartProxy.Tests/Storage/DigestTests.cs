using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>A start from the digest is faster than one that reads the journal, and nothing else about it is different.</summary>
public sealed class DigestTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Digest => Path.Combine(JournalFiles.FolderIn(_folder.Path), DigestFile.FileName);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task Books_from_the_digest_are_the_books_from_the_journal(int seed)
    {
        await LiveAsync(seed, lines: 2600);
        var (quick, distrust) = await BooksAsync();
        Assert.Null(distrust);
        Assert.True(new FileInfo(Digest).Length > 0);

        File.Delete(Digest);
        var (full, _) = await BooksAsync();
        Assert.Equal(full, quick);
        Assert.Contains("_payments", quick, StringComparison.Ordinal);

        // The full start made the digest anew, byte by byte as the process did that wrote the lines.
        Assert.Equal(full, (await BooksAsync()).Books);
    }

    [Fact]
    public async Task A_damaged_foreign_or_older_digest_is_not_used_and_that_is_said()
    {
        await LiveAsync(seed: 4, lines: 2200);
        var (books, _) = await BooksAsync();
        var good = await File.ReadAllBytesAsync(Digest, TestContext.Current.CancellationToken);
        for (var at = 0; at < good.Length; at += at < DigestFrame.HeaderSize ? 3 : good.Length / 7)
        {
            await AssertNotUsed([.. good[..at], (byte)(good[at] ^ 1), .. good[(at + 1)..]]);
        }

        var second = DigestFrame.HeaderSize + BitConverter.ToInt32(good, 4);
        await AssertNotUsed(good[second..]);
        await AssertNotUsed([.. good[..second], .. good]);

        // Torn off: there are fewer frames, and those are good.
        foreach (var end in new[] { good.Length - 1, second + 10, second, 50, 0 })
        {
            await File.WriteAllBytesAsync(Digest, good[..end], TestContext.Current.CancellationToken);
            Assert.Equal((books, null), await BooksAsync());
        }

        async Task AssertNotUsed(byte[] digest)
        {
            await File.WriteAllBytesAsync(Digest, digest, TestContext.Current.CancellationToken);
            var (again, distrust) = await BooksAsync();
            Assert.Equal(books, again);
            Assert.Contains("made anew", distrust, StringComparison.Ordinal);
            Assert.Equal(good, await File.ReadAllBytesAsync(Digest, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_digest_of_another_journal_or_of_a_later_past_is_not_used()
    {
        await LiveAsync(seed: 5, lines: 1100);
        var (earlier, head) = (StoredJournal.Read(_folder.Path), StoredJournal.ReadHead(_folder.Path));
        await LiveAsync(seed: 6, lines: 2200);
        var digest = await File.ReadAllBytesAsync(Digest, TestContext.Current.CancellationToken);

        StoredJournal.Write(_folder.Path, head, earlier);
        await File.WriteAllBytesAsync(Digest, digest, TestContext.Current.CancellationToken);
        Assert.Contains("of another journal, or of another past", (await BooksAsync()).Distrust, StringComparison.Ordinal);

        Directory.Delete(JournalFiles.FolderIn(_folder.Path), recursive: true);
        await LiveAsync(seed: 7, lines: 2200);
        await File.WriteAllBytesAsync(Digest, digest, TestContext.Current.CancellationToken);
        Assert.Contains("of another journal, or of another past", (await BooksAsync()).Distrust, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_changes_the_digest_or_the_journal_under_it_stops_all_payments_soon_after_the_start()
    {
        await LiveAsync(seed: 8, lines: 1100);
        var (good, journal) = (await File.ReadAllBytesAsync(Digest, TestContext.Current.CancellationToken), StoredJournal.Read(_folder.Path));

        // Good hashes, but a payment that cost a cent costs next to nothing.
        Assert.True(DigestFrame.TryRead(good, out var frame));
        var lines = good[DigestFrame.HeaderSize..(DigestFrame.HeaderSize + frame.Size)];
        var cent = lines.AsSpan().IndexOf((byte[])[0x10, 0x27, .. new byte[14]]);
        lines[cent + 1] = 0;
        var forged = DigestFrame.Seal(frame.First, frame.Start, frame.LastStart, frame.End, frame.Hash, frame.Payments, lines);
        var header = new byte[DigestFrame.HeaderSize];
        forged.Write(header);
        await File.WriteAllBytesAsync(Digest, [.. header, .. lines], TestContext.Current.CancellationToken);
        Assert.Contains("does not follow from them", await FrozenAfterCheckAsync(), StringComparison.Ordinal);

        await File.WriteAllBytesAsync(Digest, good, TestContext.Current.CancellationToken);
        Assert.Null(await FrozenAfterCheckAsync());

        journal[5000] ^= 1;
        await File.WriteAllBytesAsync(JournalFiles.JournalIn(_folder.Path), journal, TestContext.Current.CancellationToken);
        Assert.Contains("the journal and its digest differ", await FrozenAfterCheckAsync(), StringComparison.Ordinal);
    }

    private async Task<string?> FrozenAfterCheckAsync()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        Assert.Null(ledger.Host.Distrust);
        await ledger.Host.DigestChecked;
        return ledger.Host.Freeze.Everyone;
    }

    private async Task<(string Books, string? Distrust)> BooksAsync()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        return (await ledger.Host.QueryAsync((books, _) => ObjectGraph.Of(books), TestContext.Current.CancellationToken), ledger.Host.Distrust);
    }

    // A past of everything that the books take in, all of it ended, so that the next start adds nothing.
    private async Task LiveAsync(int seed, int lines)
    {
        var random = new Random(seed);
        await using (var ledger = await OpenLedger.OpenAsync(_folder.Path, now: new DateTimeOffset(2026, 3, 2, 10, seed, 0, TimeSpan.Zero)))
        {
            for (var number = seed * 100_000; ledger.Host.Health.Sequence < lines; number += 40)
            {
                ledger.Time.Advance(TimeSpan.FromSeconds(random.Next(1, 4000)));
                await Task.WhenAll(Enumerable.Range(number, 40).Select(one => PayAsync(ledger, one, random.Next(8), random.Next(3))));
                await RecordAsync(ledger, random, number);
                await PayAgreedAsync(ledger, number + 39_000);
            }
        }

        await (await OpenLedger.OpenAsync(_folder.Path)).DisposeAsync();
    }

    private static async Task PayAsync(OpenLedger ledger, int number, int fate, int agent)
    {
        var request = Purchases.Request(number, ledger.Time.GetUtcNow(), "agent-" + agent, micros: (ulong)(10_000 + (number % 3)));
        var shop = Origin.TryParse($"https://shop{number / 40}.example", out var origin) ? origin : default;
        request = request with
        {
            HasIdempotencyKey = number % 5 == 0,
            IsSafeMethod = number % 2 == 0,
            PinsRecipient = number % 7 != 0,
            RequestDigest = Bytes32.Sha256([(byte)(number & 255)]),
            Facts = request.Facts with { Origin = shop },
            Context = request.Context with { Origin = shop },
        };
        if (await ledger.Host.ReserveAsync(request, TestContext.Current.CancellationToken) is not ReserveOutcome.Reserved)
        {
            return;
        }

        var id = request.Id;
        if (fate == 0)
        {
            await ledger.Host.RecordAsync(new LedgerEvent.Aborted(id, "not signed"));
            return;
        }

        await ledger.Host.RecordAsync(new LedgerEvent.Sent(id));
        if (fate == 1)
        {
            return; // the next start doubts it
        }

        await ledger.Host.RecordAsync(fate < 4 ? new LedgerEvent.InDoubt(id, fate == 2 ? "no_answer" : "settlement_missing", 200, fate == 3) : Purchases.Settled(id));
        var proof = new ChainProof(number, Bytes32.Sha256("block"u8), ledger.Time.GetUtcNow() + TimeSpan.FromDays(1), fate == 5 ? Bytes32.Sha256("transaction"u8) : null);
        if (fate is 2 or 5 or 6)
        {
            await ledger.Host.RecordAsync(fate == 5 ? new LedgerEvent.Proven(id, proof) : fate == 6 ? new LedgerEvent.Expired(id, proof, LedgerEvent.Expired.Unused) : new LedgerEvent.Voided(id, "cli", "lost"));
        }
    }

    // A payment that a person agreed to.
    private static async Task PayAgreedAsync(OpenLedger ledger, int number)
    {
        var now = ledger.Time.GetUtcNow();
        var request = Purchases.Request(number, now) with { Guards = new PaymentGuards(new ApprovalGuard("rule", IsAbove: true, NewRecipient: false, NewHost: false, PriceDrift: false, TimeSpan.Zero, TimeSpan.FromHours(1))) };
        var refused = Assert.IsType<ReserveOutcome.Refused>(await ledger.Host.ReserveAsync(request, TestContext.Current.CancellationToken));
        var question = PaymentId.Create(now, [.. BitConverter.GetBytes(number), 1, 0, 0, 0, 0, 0]);
        await ledger.Host.RecordAsync(new LedgerEvent.ApprovalRequested(question, refused.Approval!, request.Context, new RefusalFigures(), now.AddDays(300)));
        await ledger.Host.RecordAsync(new LedgerEvent.ApprovalAnswered(question, true, "test", "fine", now.AddDays(300)));
        Assert.IsType<ReserveOutcome.Reserved>(await ledger.Host.ReserveAsync(request, TestContext.Current.CancellationToken));
        await ledger.Host.RecordAsync(new LedgerEvent.Aborted(request.Id, "not signed"));
    }

    private static async Task RecordAsync(OpenLedger ledger, Random random, int number)
    {
        var now = ledger.Time.GetUtcNow();
        var id = PaymentId.Create(now, [.. BitConverter.GetBytes(number), .. new byte[6]]);
        await ledger.Host.RecordAsync(random.Next(6) switch
        {
            0 => new LedgerEvent.Frozen(new AgentId("other"), "test", "stop"),
            1 => new LedgerEvent.Unfrozen(new AgentId("other"), "test", "go"),
            2 => new LedgerEvent.Granted(id, BudgetOwner.Organization, null, new Usd(1_000_000), now.AddHours(2), "test", "more"),
            3 => new LedgerEvent.ApprovalRequested(id, new ApprovalQuestion(Bytes32.Sha256(BitConverter.GetBytes(number)), new AgentId("me"), ApprovalCauses.NewHost, "rule", TimeSpan.Zero, TimeSpan.FromHours(1)), Purchases.Context, new RefusalFigures(), now.AddHours(1)),
            4 => Purchases.PolicyActivated,
            _ => Purchases.Refused(number, now),
        });
    }
}
