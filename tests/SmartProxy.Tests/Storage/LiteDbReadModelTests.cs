using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

public sealed class LiteDbReadModelTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Payments_and_refusals_are_listed_newest_first_and_by_filter()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        await using var index = LiteDbReadModel.Open(_folder.Path, ledger.Host);
        var settled = await ledger.PayAsync(1);
        await ledger.Host.RecordAsync(new LedgerEvent.Sent(settled));
        await ledger.Host.RecordAsync(Purchases.Settled(settled));
        await ledger.ReserveAsync(2, "you");
        await ledger.Host.RecordAsync(Purchases.Refused(3, ledger.Time.GetUtcNow()));
        await index.CatchUpAsync(Token);

        var all = await index.PaymentsAsync(new PaymentQuery(), Token);
        Assert.Equal(["refused", "reserved", "settled"], all.Select(p => p.Outcome));
        Assert.Equal("0xabc", all[2].Transaction);
        Assert.Equal(new Usd(10_000), all[2].Value);
        Assert.Equal(["refused", "settled"], (await index.PaymentsAsync(new PaymentQuery(Agent: new AgentId("me")), Token)).Select(p => p.Outcome));
        Assert.Equal(["reserved", "settled"], (await index.PaymentsAsync(new PaymentQuery(Merchant: "exa"), Token)).Select(p => p.Outcome));
        Assert.Equal(["settled"], (await index.PaymentsAsync(new PaymentQuery(new AgentId("me"), Outcome: "settled"), Token)).Select(p => p.Outcome));
        Assert.Equal(["reserved"], (await index.PaymentsAsync(new PaymentQuery(Before: all[0].Sequence, Limit: 1), Token)).Select(p => p.Outcome));
        Assert.Equal(all[2], await index.FindPaymentAsync(settled, Token));
    }

    [Fact]
    public async Task Receipts_are_found_by_their_id()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        await using var index = LiteDbReadModel.Open(_folder.Path, ledger.Host);
        await index.PutReceiptAsync("aB", new AgentId("me"), "x.y.z", Token);

        Assert.Equal(new StoredReceipt(new AgentId("me"), "x.y.z"), await index.FindReceiptAsync("aB", Token));
        Assert.Null(await index.FindReceiptAsync("ab", Token));
    }

    [Theory]
    [InlineData("missing", "there was none")]
    [InlineData("garbage", "damaged")]
    [InlineData("truncated", "there was none")]
    [InlineData("good", null)]
    public async Task An_index_that_is_no_good_is_made_anew_from_the_journal(string state, string? expected)
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        await using (var first = LiteDbReadModel.Open(_folder.Path, ledger.Host))
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(number => ledger.ReserveAsync(number)));
            await first.CatchUpAsync(Token);
        }

        Spoil(_folder.File(LiteDbReadModel.FileName), state);
        await ledger.ReserveAsync(20);
        await using var again = LiteDbReadModel.Open(_folder.Path, ledger.Host);
        await again.CatchUpAsync(Token);
        Assert.Equal(21, (await again.PaymentsAsync(new PaymentQuery(), Token)).Count);
        Assert.Equal(expected is null, again.Rebuilt is null);
        Assert.Contains(expected ?? "", again.Rebuilt ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_of_another_journal_is_made_anew()
    {
        using var other = new TempFolder();
        await using (var ledger = await OpenLedger.OpenAsync(other.Path))
        {
            await using var index = LiteDbReadModel.Open(other.Path, ledger.Host);
            await ledger.ReserveAsync(77);
            await index.CatchUpAsync(Token);
        }

        await using var mine = await OpenLedger.OpenAsync(_folder.Path, now: new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero));
        var id = await mine.PayAsync(1);
        await mine.PayAsync(2);
        File.Copy(other.File(LiteDbReadModel.FileName), _folder.File(LiteDbReadModel.FileName));
        await using var rebuilt = LiteDbReadModel.Open(_folder.Path, mine.Host);
        await rebuilt.CatchUpAsync(Token);

        Assert.Equal("it belonged to another journal", rebuilt.Rebuilt);
        Assert.Equal(2, (await rebuilt.PaymentsAsync(new PaymentQuery(), Token)).Count);
        Assert.NotNull(await rebuilt.FindPaymentAsync(id, Token));
    }

    private static void Spoil(string path, string state)
    {
        switch (state)
        {
            case "missing":
                File.Delete(path);
                break;
            case "garbage":
                File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)0xA5, 40_000)]);
                break;
            case "truncated":
                File.WriteAllBytes(path, File.ReadAllBytes(path)[..100]);
                break;
        }
    }
}
