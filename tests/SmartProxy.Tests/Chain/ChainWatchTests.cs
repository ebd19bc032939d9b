using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Chain;

/// <summary>What an honest chain proves: settled, dead, cancelled; and what it shows that nothing explains.</summary>
public sealed class ChainWatchTests
{
    [Fact]
    public async Task A_use_with_exactly_its_transfer_is_proven_at_a_final_block_and_not_before()
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        world.Chain.Use(kept.Authorization);
        var block = world.Chain.Mine(world.Now);
        await world.SweepAsync();
        Assert.Equal(PaymentState.InDoubt, await world.StateOfAsync(kept.Id));

        await world.PassAsync(2);

        var proven = Assert.Single(world.Recorded<LedgerEvent.Proven>());
        Assert.Equal(PaymentState.Proven, await world.StateOfAsync(kept.Id));
        Assert.Equal((kept.Id, block.Number, block.Hash, block.Time), (proven.Payment, proven.Proof.Block, proven.Proof.BlockHash, proven.Proof.BlockTime));
        Assert.Equal(block.Logs[0]["transactionHash"]!.GetValue<string>(), proven.Proof.Transaction.ToString());
        Assert.Empty(world.Recorded<LedgerEvent.Frozen>());
    }

    [Fact]
    public async Task A_claimed_settlement_becomes_a_proven_one_only_when_the_chain_shows_it()
    {
        await using var world = await ChainWorld.OpenAsync();
        var (honest, lied) = (await world.SentAsync(), await world.SentAsync());
        await world.Ledger.Host.RecordAsync(Purchases.Settled(honest.Id));
        await world.Ledger.Host.RecordAsync(Purchases.Settled(lied.Id));
        world.Chain.Use(honest.Authorization);

        await world.PassAsync(2);
        Assert.Equal((PaymentState.Proven, PaymentState.Settled), (await world.StateOfAsync(honest.Id), await world.StateOfAsync(lied.Id)));

        await world.PassAsync(60);
        Assert.Equal((PaymentState.Proven, PaymentState.Expired), (await world.StateOfAsync(honest.Id), await world.StateOfAsync(lied.Id)));
    }

    [Fact]
    public async Task While_the_answer_is_under_way_the_claim_comes_first()
    {
        await using var world = await ChainWorld.OpenAsync();
        var sent = await world.SentAsync();
        world.Chain.Use(sent.Authorization);
        await world.PassAsync(2);
        Assert.Equal(PaymentState.Sent, await world.StateOfAsync(sent.Id));

        await world.Ledger.Host.RecordAsync(Purchases.Settled(sent.Id));
        await world.PassAsync(2);
        Assert.Equal(PaymentState.Proven, await world.StateOfAsync(sent.Id));
    }

    [Fact]
    public async Task An_answer_that_never_comes_does_not_keep_a_proof_out_for_ever()
    {
        await using var world = await ChainWorld.OpenAsync();
        var sent = await world.SentAsync();
        world.Chain.Use(sent.Authorization);
        await world.PassAsync(2);
        await world.PassAsync(60);
        Assert.Equal(PaymentState.Proven, await world.StateOfAsync(sent.Id));
    }

    [Theory]
    [InlineData(-1, PaymentState.InDoubt)]
    [InlineData(0, PaymentState.Expired)]
    [InlineData(1, PaymentState.Expired)]
    public async Task Nothing_is_released_one_second_early(int secondsAfter, PaymentState expected)
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        var final = kept.Authorization.Terms.ValidBefore + secondsAfter;
        world.Chain.Mine(DateTimeOffset.FromUnixTimeSeconds(final));
        world.Chain.Mine(DateTimeOffset.FromUnixTimeSeconds(final + 1000)); // newest, and not final
        world.Ledger.Time.Advance(TimeSpan.FromHours(2)); // what our own clock says releases nothing
        world.Chain.Mine(world.Now);
        world.Nodes[0].Unfinal = 2;

        Assert.True(await world.SweepAsync());

        Assert.Equal(expected, await world.StateOfAsync(kept.Id));
        if (expected is PaymentState.Expired)
        {
            var expired = Assert.Single(world.Recorded<LedgerEvent.Expired>());
            Assert.Equal((LedgerEvent.Expired.Unused, final), (expired.Why, expired.Proof.BlockTime.ToUnixTimeSeconds()));
        }
    }

    [Fact]
    public async Task The_books_themselves_refuse_a_release_that_comes_early()
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        var early = new ChainProof(7, default, DateTimeOffset.FromUnixTimeSeconds(kept.Authorization.Terms.ValidBefore - 1));
        await Assert.ThrowsAsync<LedgerInvariantException>(() => world.Ledger.Host.RecordAsync(new LedgerEvent.Expired(kept.Id, early, LedgerEvent.Expired.Unused)).AsTask());
    }

    [Fact]
    public async Task Released_money_returns_and_its_key_is_free()
    {
        await using var world = await ChainWorld.OpenAsync();
        var line = Purchases.Total("me", 10_000);
        await world.KeptAsync(line);
        Assert.IsType<ReserveOutcome.Refused>(await world.Ledger.ReserveAsync(99, lines: line));

        await world.PassAsync(60);

        Assert.IsType<ReserveOutcome.Reserved>(await world.Ledger.ReserveAsync(100, lines: line));
    }

    [Fact]
    public async Task A_cancelled_authorization_is_dead_at_once()
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        world.Chain.Cancel(kept.Authorization);
        await world.PassAsync(2);
        Assert.Equal(LedgerEvent.Expired.Canceled, Assert.Single(world.Recorded<LedgerEvent.Expired>()).Why);
    }

    [Theory]
    [InlineData("other amount")]
    [InlineData("other recipient")]
    [InlineData("no transfer")]
    public async Task A_use_without_exactly_its_transfer_proves_nothing_and_stays_held(string how)
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        switch (how)
        {
            case "other amount":
                world.Chain.Use(kept.Authorization, value: 9_999);
                break;
            case "other recipient":
                world.Chain.Use(kept.Authorization, to: ChainWorld.Stranger);
                break;
            default:
                world.Chain.UseOnly(kept.Authorization);
                break;
        }

        await world.PassAsync(2);
        await world.PassAsync(3600);

        Assert.Equal(PaymentState.InDoubt, await world.StateOfAsync(kept.Id));
        Assert.Contains(world.Alarms.Standing, alarm => alarm.Contains(kept.Id.Value, StringComparison.Ordinal) && alarm.Contains("stays held", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_transfer_never_explains_two_uses()
    {
        await using var world = await ChainWorld.OpenAsync();
        var (first, second) = (await world.KeptAsync(), await world.KeptAsync());
        var transaction = world.Chain.NewTransaction();
        world.Chain.Use(first.Authorization, transaction: transaction);
        world.Chain.Use(second.Authorization, to: ChainWorld.Stranger, transaction: transaction);
        await world.PassAsync(2);
        Assert.Equal((PaymentState.Proven, PaymentState.InDoubt), (await world.StateOfAsync(first.Id), await world.StateOfAsync(second.Id)));
    }

    [Fact]
    public async Task Many_payments_in_one_transaction_are_each_proven()
    {
        await using var world = await ChainWorld.OpenAsync();
        var payments = new[] { await world.KeptAsync(), await world.KeptAsync(), await world.KeptAsync() };
        var transaction = world.Chain.NewTransaction();
        Array.ForEach(payments, payment => world.Chain.Use(payment.Authorization, transaction: transaction));
        await world.PassAsync(2);
        Assert.Equal(3, world.Recorded<LedgerEvent.Proven>().Count);
        Assert.Empty(world.Recorded<LedgerEvent.Drifted>());
    }

    [Fact]
    public async Task An_unknown_nonce_freezes_everybody_once_and_says_so()
    {
        await using var world = await ChainWorld.OpenAsync();
        var stranger = new TransferAuthorization(Purchases.Request(77, world.Now).Terms, Bytes32.Sha256("unknown"u8));
        world.Chain.Use(stranger);
        await world.PassAsync(2);

        Assert.StartsWith("drift: eip155:84532 shows", world.Ledger.Host.Freeze.Everyone, StringComparison.Ordinal);
        var drift = Assert.Single(world.Recorded<LedgerEvent.Drifted>()).Drift;
        Assert.Equal((stranger.Nonce, stranger.Terms.To, new TokenAmount(10_000)), (drift.Nonce, drift.To, drift.Value));

        await world.Ledger.Host.RecordAsync(new LedgerEvent.Unfrozen(null, "test", "looked into it"));
        world.Restart();
        await world.PassAsync(2);
        Assert.Null(world.Ledger.Host.Freeze.Everyone);
        Assert.Single(world.Recorded<LedgerEvent.Drifted>());
    }

    [Theory]
    [InlineData("drift check by the operator")]
    [InlineData(null)]
    public async Task A_new_drift_freezes_also_while_a_freeze_stands(string? standing)
    {
        await using var world = await ChainWorld.OpenAsync();
        world.Chain.Transfer(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 5);
        await world.PassAsync(2);
        if (standing is not null)
        {
            await world.Ledger.Host.RecordAsync(new LedgerEvent.Frozen(null, "test", standing));
        }

        world.Chain.Transfer(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 6);
        await world.PassAsync(2);
        Assert.Contains("transfer of 6 from", world.Ledger.Host.Freeze.Everyone, StringComparison.Ordinal);
        Assert.Equal(2, world.Recorded<LedgerEvent.Drifted>().Count);
    }

    [Fact]
    public async Task A_plain_transfer_out_freezes_everybody()
    {
        await using var world = await ChainWorld.OpenAsync();
        world.Chain.Transfer(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 5);
        await world.PassAsync(2);
        Assert.Contains("transfer of 5 from", world.Ledger.Host.Freeze.Everyone, StringComparison.Ordinal);
        Assert.Equal(ReserveRefusal.Frozen, Assert.IsType<ReserveOutcome.Refused>(await world.Ledger.ReserveAsync(1)).Reason);
    }

    [Fact]
    public async Task A_transfer_of_nothing_freezes_nobody_because_anybody_can_make_one()
    {
        await using var world = await ChainWorld.OpenAsync();
        world.Chain.Transfer(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 0);
        await world.PassAsync(2);
        Assert.Null(world.Ledger.Host.Freeze.Everyone);
    }

    [Fact]
    public async Task A_payment_that_was_aborted_and_is_seen_used_is_drift()
    {
        await using var world = await ChainWorld.OpenAsync();
        var reserved = Assert.IsType<ReserveOutcome.Reserved>(await world.Ledger.ReserveAsync(50)).Reservation;
        await world.Ledger.Host.RecordAsync(new LedgerEvent.Aborted(reserved.Id, "frozen"));
        world.Chain.Use(reserved.Authorization);
        await world.PassAsync(2);
        Assert.Equal(reserved.Authorization.Nonce, Assert.Single(world.Recorded<LedgerEvent.Drifted>()).Drift.Nonce);
    }

    [Fact]
    public async Task A_start_reads_what_was_open_again_and_proves_nothing_twice()
    {
        await using var world = await ChainWorld.OpenAsync();
        var (first, second) = (await world.KeptAsync(), await world.KeptAsync());
        world.Chain.Use(first.Authorization);
        await world.PassAsync(2);
        world.Chain.Use(second.Authorization);
        world.Chain.Mine(world.Now);
        world.Restart();
        await world.PassAsync(2);

        Assert.Equal([first.Id, second.Id], world.Recorded<LedgerEvent.Proven>().Select(proven => proven.Payment));
        Assert.Null(world.Ledger.Host.Freeze.Everyone);
    }

    [Fact]
    public async Task A_voided_payment_that_settles_is_told()
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        await world.Ledger.Host.RecordAsync(new LedgerEvent.Voided(kept.Id, "test", "the seller is gone"));
        world.Chain.Use(kept.Authorization);
        await world.PassAsync(2);
        Assert.Equal(PaymentState.Proven, await world.StateOfAsync(kept.Id));
        Assert.Equal(1, await AlarmsAsync(world, "voided_settled"));
    }

    [Fact]
    public async Task What_a_wallet_did_before_the_journal_began_is_not_its_business()
    {
        await using var world = await ChainWorld.OpenAsync();
        world.Chain.Blocks[0] = world.Chain.Blocks[0] with { Time = world.Now.AddDays(-1) };
        world.Chain.Transfer(ChainWorld.Asset, ChainWorld.Wallet, ChainWorld.Stranger, 5);
        world.Chain.Mine(world.Now.AddHours(-1));
        await world.PassAsync(2);
        Assert.Null(world.Ledger.Host.Freeze.Everyone);
    }

    internal static async Task<double> AlarmsAsync(ChainWorld world, string kind)
    {
        using var text = new MemoryStream();
        await world.Metrics.Registry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        var line = System.Text.Encoding.UTF8.GetString(text.ToArray()).Split('\n').SingleOrDefault(line => line.StartsWith($"smartproxy_chain_alarms_total{{kind=\"{kind}\"}}", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
