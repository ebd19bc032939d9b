using System.Text;
using SmartProxy.AdminApi;
using SmartProxy.Hosting;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Hosting;

/// <summary>The metrics say what became durable, once, and nothing else.</summary>
public sealed class MetricsFeedTests
{
    [Fact]
    public async Task Each_outcome_is_counted_when_it_is_durable_and_with_its_value()
    {
        using var folder = new TempFolder();
        await using var ledger = await OpenLedger.OpenAsync(folder.Path);
        var metrics = new Metrics();
        using var feed = new MetricsFeed(ledger.Host, metrics);
        var (paid, doubtful, aborted) = (await ledger.PayAsync(1), await ledger.PayAsync(2), await ledger.PayAsync(3));
        Assert.DoesNotContain("smartproxy_payments_total{", await TextAsync(metrics), StringComparison.Ordinal); // a reservation is no outcome

        foreach (var outcome in (LedgerEvent[])
        [
            new LedgerEvent.Sent(paid),
            new LedgerEvent.Settled(paid, new SettlementClaim(true, "0xabc", "eip155:84532", null, null, null), 200, true),
            new LedgerEvent.Sent(doubtful),
            new LedgerEvent.InDoubt(doubtful, "no_answer", null, false),
            new LedgerEvent.Aborted(aborted, "frozen"),
        ])
        {
            await ledger.Host.RecordAsync(outcome);
        }

        // The question is answered in its turn: what became durable before it has been told.
        var values = await ledger.Host.QueryAsync((books, _) => books.Payments.Where(payment => payment.Id != aborted).Aggregate(Usd.Zero, (sum, payment) => sum.Plus(payment.Facts.Value)), TestContext.Current.CancellationToken);
        var text = await TextAsync(metrics);
        Assert.Contains("smartproxy_payments_total{outcome=\"paid\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("smartproxy_payments_total{outcome=\"in_doubt\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("smartproxy_payments_total{outcome=\"failed\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"smartproxy_spend_micro_usd_total {values.Micros}\n", text, StringComparison.Ordinal); // what was aborted is worth nothing
    }

    [Fact]
    public async Task Identical_refusals_that_are_told_together_later_are_not_counted_again()
    {
        using var folder = new TempFolder();
        await using var ledger = await OpenLedger.OpenAsync(folder.Path);
        var metrics = new Metrics();
        using (var feed = new MetricsFeed(ledger.Host, metrics))
        {
            await ledger.Host.RecordAsync(Refused(count: 1));
            await ledger.Host.RecordAsync(Refused(count: 7));
        }

        await ledger.Host.RecordAsync(Refused(count: 1)); // nobody follows any more

        Assert.Contains("smartproxy_refusals_total{reason=\"denied\"} 1\n", await TextAsync(metrics), StringComparison.Ordinal);
    }

    private static LedgerEvent.Refused Refused(int count) => new(
        PaymentId.Parse("01jaaaaaaaaaaaaaaaaaaaaaaa"), new AgentId("me"), "denied", Receipts.ReceiptSamples.Context, new RefusalFigures(), default, default, null, count);

    private static async Task<string> TextAsync(Metrics metrics)
    {
        using var stream = new MemoryStream();
        await metrics.Registry.CollectAndExportAsTextAsync(stream, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
