using SmartProxy.Accounting.Merchants;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Chain;

/// <summary>Money that comes back is shown with the payment that it fits, and is never a budget.</summary>
public sealed class RefundTests
{
    private static readonly EvmAddress Payee = new(Enumerable.Repeat((byte)0x11, EvmAddress.Length).ToArray());

    [Fact]
    public async Task A_transfer_from_the_payee_of_at_most_what_was_paid_is_a_refund_and_returns_no_budget()
    {
        await using var world = await ChainWorld.OpenAsync();
        var line = Purchases.Total("me", 50_000);
        var paid = await PaidAsync(world, line);
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 4_000);
        await world.PassAsync(1);

        var refunded = Assert.Single(world.Recorded<LedgerEvent.Refunded>());
        Assert.Equal((paid.Id, Payee, ChainWorld.Wallet, new TokenAmount(4_000)), (refunded.Payment, refunded.Refund.From, refunded.Refund.Wallet, refunded.Refund.Value));
        var usage = (await world.Ledger.Host.UsageAsync([line], TestContext.Current.CancellationToken)).Single();
        Assert.Equal(new Usd(10_000).Micros, usage.Spent.Units);
        Assert.Equal(PaymentState.Proven, await world.StateOfAsync(paid.Id));
    }

    [Fact]
    public async Task Strangers_other_tokens_too_much_and_what_came_before_are_no_refunds()
    {
        await using var world = await ChainWorld.OpenAsync();
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 10_000);
        await world.PassAsync(1);
        await PaidAsync(world);
        world.Chain.Receive(ChainWorld.Asset, ChainWorld.Stranger, ChainWorld.Wallet, 10_000);
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 10_001);
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 0);
        await world.PassAsync(1);

        Assert.Empty(world.Recorded<LedgerEvent.Refunded>());
        Assert.Empty(world.Recorded<LedgerEvent.Frozen>());
    }

    [Fact]
    public async Task Refunds_never_exceed_what_was_paid_and_are_recorded_once()
    {
        await using var world = await ChainWorld.OpenAsync();
        var paid = await PaidAsync(world);
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 6_000);
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 4_000);
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 1);
        await world.PassAsync(1);
        world.Restart(); // reads the same blocks again
        await world.PassAsync(1);

        Assert.Equal([6_000u, 4_000u], world.Recorded<LedgerEvent.Refunded>().Select(refund => (uint)refund.Refund.Value.Units));
        Assert.All(world.Recorded<LedgerEvent.Refunded>(), refund => Assert.Equal(paid.Id, refund.Payment));
    }

    [Fact]
    public async Task The_newest_payment_of_exactly_the_amount_is_taken_and_each_once()
    {
        await using var world = await ChainWorld.OpenAsync();
        var (first, second) = (await PaidAsync(world), await PaidAsync(world));
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 10_000);
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 10_000);
        await world.PassAsync(1);

        Assert.Equal([second.Id, first.Id], world.Recorded<LedgerEvent.Refunded>().Select(refund => refund.Payment));
    }

    [Fact]
    public async Task A_scorecard_says_what_a_seller_has_done_with_the_money()
    {
        await using var world = await ChainWorld.OpenAsync();
        await PaidAsync(world);
        var broken = await PaidAsync(world, isClaimed: true);
        await world.Ledger.Host.RecordAsync(new LedgerEvent.Undelivered(broken.Id, LedgerEvent.Undelivered.Truncated));
        var refused = await world.SentAsync();
        world.Ledger.Time.Advance(TimeSpan.FromMilliseconds(250));
        await world.Ledger.Host.RecordAsync(new LedgerEvent.InDoubt(refused.Id, "refused_after_payment", 402, false));
        world.Chain.Receive(ChainWorld.Asset, Payee, ChainWorld.Wallet, 5_000);
        await world.PassAsync(1);
        var claimed = await world.SentAsync();
        await world.Ledger.Host.RecordAsync(Purchases.Settled(claimed.Id));
        await world.Ledger.Host.RecordAsync(new LedgerEvent.Aborted(await world.Ledger.PayAsync(99), "signer_refused"));

        var book = new MerchantBook(since: null);
        SmartProxy.Storage.JournalScan.Read(world.Folder, book.Take);
        var card = Assert.Single(book.Cards());

        Assert.Equal(
            new MerchantCard("exa")
            {
                Payments = 4,
                Value = new Usd(40_000),
                Proven = 2,
                Claimed = 1,
                Doubtful = 1,
                Undelivered = 2, // one broke off, and of one nobody ever saw an answer
                RefusedAfterPayment = 1,
                Price = (new Usd(10_000), new Usd(10_000)),
                LastRecipient = Payee,
                Recipients = 1,
                MedianAnswer = TimeSpan.Zero,
                Refunds = 1,
                Refunded = new Usd(5_000),
            },
            card);
        var later = new MerchantBook(world.Now.AddSeconds(1));
        SmartProxy.Storage.JournalScan.Read(world.Folder, later.Take);
        Assert.Empty(later.Cards());
    }

    private static Task<Reservation> PaidAsync(ChainWorld world, params BudgetLine[] lines) => PaidAsync(world, isClaimed: false, lines);

    private static async Task<Reservation> PaidAsync(ChainWorld world, bool isClaimed, params BudgetLine[] lines)
    {
        var paid = await world.SentAsync(lines);
        if (isClaimed)
        {
            await world.Ledger.Host.RecordAsync(Purchases.Settled(paid.Id));
        }
        else
        {
            await world.Ledger.Host.RecordAsync(new LedgerEvent.InDoubt(paid.Id, "no_answer", null, false));
        }

        world.Chain.Use(paid.Authorization);
        await world.PassAsync(1);
        return paid;
    }
}
