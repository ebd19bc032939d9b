using SmartProxy.Accounting;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Accounting;

/// <summary>A report is a sum over the journal: every payment once, in the month of its reservation, under what it came to.</summary>
public sealed class SpendReportTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Paid_held_and_refused_are_summed_by_agent_while_the_system_runs()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        await SettleAsync(ledger, await ledger.PayAsync(1));
        await ledger.PayAsync(2);
        await ledger.Host.RecordAsync(new LedgerEvent.Aborted(await ledger.PayAsync(3), "signer_refused"));
        Assert.IsType<ReserveOutcome.Reserved>(await ledger.ReserveAsync(4, agent: "other"));
        await ledger.Host.RecordAsync(Purchases.Refused(5, ledger.Time.GetUtcNow()));
        await ledger.Host.RecordAsync((LedgerEvent.Refused)Purchases.Refused(5, ledger.Time.GetUtcNow()) with { Count = 7 });

        var rows = SpendReport.Rows(Book("2026-03"), "agent");

        Assert.Equal(
            [
                new SpendRow("me", 1, new Usd(10_000), 1, new Usd(10_000), 7),
                new SpendRow("other", 0, Usd.Zero, 1, new Usd(10_000), 0),
            ],
            rows);
    }

    [Fact]
    public async Task The_chain_has_the_last_word_about_what_was_paid()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        var (proven, dead, attested) = (await ledger.PayAsync(1), await ledger.PayAsync(2), await ledger.PayAsync(3));
        var proof = new ChainProof(1, Bytes32.Sha256("1"u8), ledger.Time.GetUtcNow().AddDays(1), Bytes32.Sha256("t"u8));
        foreach (var payment in new[] { proven, dead, attested })
        {
            await ledger.Host.RecordAsync(new LedgerEvent.InDoubt(payment, "no_answer", null, false));
        }

        await ledger.Host.RecordAsync(new LedgerEvent.Proven(proven, proof));
        await ledger.Host.RecordAsync(new LedgerEvent.Expired(dead, proof with { Transaction = null }, LedgerEvent.Expired.Unused));
        await ledger.Host.RecordAsync(new LedgerEvent.Voided(attested, "me", "over"));

        Assert.Equal([new SpendRow("me", 2, new Usd(20_000), 0, Usd.Zero, 0)], SpendReport.Rows(Book("2026-03"), "agent"));
    }

    [Fact]
    public async Task A_payment_belongs_to_the_month_of_its_reservation_in_the_zone_of_the_books()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, now: new DateTimeOffset(2026, 3, 31, 21, 30, 0, TimeSpan.Zero));
        var late = await ledger.PayAsync(1);
        ledger.Time.Advance(TimeSpan.FromHours(1)); // 22:30 UTC: April in Berlin
        await ledger.PayAsync(2);
        ledger.Time.Advance(TimeSpan.FromDays(2));
        await SettleAsync(ledger, late);

        Assert.Equal((1, 0), Counts(Book("2026-03", "Europe/Berlin")));
        Assert.Equal((0, 1), Counts(Book("2026-04", "Europe/Berlin")));
        Assert.Equal((1, 1), Counts(Book("2026-03")));
        Assert.Equal((0, 0), Counts(Book("2026-04")));
    }

    [Fact]
    public void A_cell_never_becomes_a_formula_and_never_breaks_its_line()
    {
        Assert.Equal("'=HYPERLINK(1),plain,\"a,b\",\"say \"\"hi\"\"\",\"'-1\n2\",'@x,", Csv.Line("=HYPERLINK(1)", "plain", "a,b", "say \"hi\"", "-1\n2", "@x", ""));
    }

    [Theory]
    [InlineData("2026-11", true)]
    [InlineData("2026-13", false)]
    [InlineData("2026-1", false)]
    [InlineData("november", false)]
    [InlineData("0000-01", false)]
    public void A_month_is_four_digits_a_dash_and_two(string text, bool isMonth) => Assert.Equal(isMonth, Month.TryParse(text, TimeZoneInfo.Utc, out _));

    private static async Task SettleAsync(OpenLedger ledger, PaymentId payment)
    {
        await ledger.Host.RecordAsync(new LedgerEvent.Sent(payment));
        await ledger.Host.RecordAsync(Purchases.Settled(payment));
    }

    private static (int Paid, int Held) Counts(MonthBook book)
    {
        var rows = SpendReport.Rows(book, "agent");
        return (rows.Sum(row => row.Payments), rows.Sum(row => row.HeldPayments));
    }

    private MonthBook Book(string text, string zone = "UTC")
    {
        Assert.True(Month.TryParse(text, TimeZoneInfo.FindSystemTimeZoneById(zone), out var month));
        var book = new MonthBook(month);
        JournalScan.Read(_folder.Path, book.Take);
        return book;
    }
}
