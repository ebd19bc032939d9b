using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

public sealed class LedgerHostTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Two_hundred_callers_never_spend_more_than_the_ten_payments_there_is_room_for()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        for (var round = 0; round < 50; round++)
        {
            var agent = "r" + round;
            var line = Purchases.Total(agent, 109_999);
            var first = round * 200;
            var outcomes = await Task.WhenAll(Enumerable.Range(first, 200).Select(number => Task.Run(() => ledger.ReserveAsync(number, agent, line))));

            Assert.Equal(10, outcomes.OfType<ReserveOutcome.Reserved>().Count());
            Assert.All(outcomes.OfType<ReserveOutcome.Refused>(), refused => Assert.Equal(ReserveRefusal.BudgetExceeded, refused.Reason));
        }
    }

    [Fact]
    [Trait("invariant", "I2")]
    public async Task A_reservation_is_answered_and_found_only_when_it_is_on_disk()
    {
        var disk = new GatedDisk();
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, disk);
        disk.Close();
        var reserving = ledger.ReserveAsync(1);
        var id = Purchases.Request(1, ledger.Time.GetUtcNow()).Id;
        await disk.Waiting.Task;

        Assert.False(reserving.IsCompleted);
        Assert.Null(await ledger.Host.FindReservationAsync(id, TestContext.Current.CancellationToken));

        disk.Release();
        var reserved = Assert.IsType<ReserveOutcome.Reserved>(await reserving).Reservation;
        Assert.Equal(reserved, await ledger.Host.FindReservationAsync(id, TestContext.Current.CancellationToken));
        Assert.Equal(Bytes32.Keccak256(System.Text.Encoding.UTF8.GetBytes(reserved.DecisionRecord)), reserved.Authorization.Nonce);
        Assert.Equal(3, reserved.Sequence);
    }

    [Fact]
    public async Task A_refusal_waits_for_no_disk()
    {
        var disk = new GatedDisk();
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, disk);
        var line = Purchases.Total("me", 15_000);
        disk.Close();
        var reserving = ledger.ReserveAsync(1, lines: line);
        await disk.Waiting.Task;
        var second = ledger.ReserveAsync(2, lines: line);
        var third = ledger.ReserveAsync(3, "you", Purchases.Total("you", 1));
        disk.Release();

        Assert.IsType<ReserveOutcome.Reserved>(await reserving);
        Assert.Equal(ReserveRefusal.BudgetExceeded, Assert.IsType<ReserveOutcome.Refused>(await second).Reason);
        Assert.Equal(ReserveRefusal.BudgetExceeded, Assert.IsType<ReserveOutcome.Refused>(await third).Reason);
    }

    [Fact]
    public async Task What_was_under_way_is_in_doubt_after_a_restart_and_still_counts()
    {
        var line = Purchases.Total("me", 30_000);
        PaymentId reserved, sent, settled;
        await using (var before = await OpenLedger.OpenAsync(_folder.Path))
        {
            (reserved, sent, settled) = (await before.PayAsync(1, line), await before.PayAsync(2, line), await before.PayAsync(3, line));
            await before.Host.RecordAsync(new LedgerEvent.Sent(sent));
            await before.Host.RecordAsync(new LedgerEvent.Sent(settled));
            await before.Host.RecordAsync(Purchases.Settled(settled));
        }

        await using var after = await OpenLedger.OpenAsync(_folder.Path);
        var payments = await after.PaymentsAsync();
        Assert.Equal((PaymentState.InDoubt, PaymentState.InDoubt, PaymentState.Settled), (payments[reserved], payments[sent], payments[settled]));
        Assert.Null(await after.Host.FindReservationAsync(reserved, TestContext.Current.CancellationToken));
        Assert.Equal(ReserveRefusal.BudgetExceeded, Assert.IsType<ReserveOutcome.Refused>(await after.ReserveAsync(4, lines: line)).Reason);
        var usage = Assert.Single(await after.Host.UsageAsync([line], TestContext.Current.CancellationToken));
        Assert.Equal((new Usd(10_000), new Usd(20_000)), (usage.Spent, usage.Held));
    }

    [Fact]
    public async Task A_replay_gives_the_state_that_was()
    {
        List<(PaymentId, PaymentState)> live;
        LedgerHealth health;
        await using (var before = await OpenLedger.OpenAsync(_folder.Path))
        {
            for (var i = 0; i < 50; i++)
            {
                var id = await before.PayAsync(i);
                await before.Host.RecordAsync(i % 3 == 0 ? new LedgerEvent.Aborted(id, "test") : new LedgerEvent.InDoubt(id, "no_answer", null, false));
            }

            await before.Host.RecordAsync(new LedgerEvent.Frozen(new AgentId("you"), "test", "stop"));
            live = await before.Host.QueryAsync((l, _) => l.Payments.Select(p => (p.Id, p.State)).ToList(), TestContext.Current.CancellationToken);
            health = before.Host.Health;
        }

        await using var after = await OpenLedger.OpenAsync(_folder.Path);
        Assert.Equal(live, await after.Host.QueryAsync((l, _) => l.Payments.Select(p => (p.Id, p.State)).ToList(), TestContext.Current.CancellationToken));
        Assert.Equal(health, after.Host.Health);
        Assert.Equal("stop", after.Host.FrozenReason(new AgentId("you")));
        Assert.Null(after.Host.FrozenReason(new AgentId("me")));
    }

    [Fact]
    public async Task A_freeze_holds_before_it_is_on_disk_and_its_end_only_afterwards()
    {
        var disk = new GatedDisk();
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, disk);
        var me = new AgentId("me");
        disk.Close();
        var reserving = ledger.ReserveAsync(1);
        await disk.Waiting.Task;

        var freezing = ledger.Host.RecordAsync(new LedgerEvent.Frozen(null, "operator", "stop")).AsTask();
        Assert.Equal("stop", ledger.Host.FrozenReason(me));
        Assert.Equal(ReserveRefusal.Frozen, Assert.IsType<ReserveOutcome.Refused>(await ledger.ReserveAsync(2)).Reason);
        var thawing = ledger.Host.RecordAsync(new LedgerEvent.Unfrozen(null, "operator", "go")).AsTask();
        Assert.Equal("stop", ledger.Host.FrozenReason(me));

        disk.Release();
        await Task.WhenAll(reserving, freezing, thawing);
        Assert.Null(ledger.Host.FrozenReason(me));
    }

    [Fact]
    public async Task An_illegal_move_is_refused_and_harms_nobody()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        var id = await ledger.PayAsync(1);
        var sequence = ledger.Host.Health.Sequence;

        await Assert.ThrowsAsync<LedgerInvariantException>(() => ledger.Host.RecordAsync(Purchases.Settled(id)).AsTask());
        var request = Purchases.Request(2, ledger.Time.GetUtcNow());
        var forged = request with { Terms = request.Terms with { To = EvmAddress.Zero } };
        await Assert.ThrowsAsync<ArgumentException>(() => ledger.Host.ReserveAsync(forged, TestContext.Current.CancellationToken).AsTask());

        Assert.Equal(sequence, ledger.Host.Health.Sequence);
        await ledger.PayAsync(3);
    }

    [Fact]
    public async Task Whoever_gives_up_before_the_decision_reserves_nothing()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ledger.Host.ReserveAsync(Purchases.Request(1, ledger.Time.GetUtcNow()), cancelled.Token).AsTask());
        Assert.Empty(await ledger.PaymentsAsync());
    }

    [Fact]
    public async Task Durable_lines_are_told_in_order_and_can_be_read_again_from_anywhere()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        var told = new List<long>();
        ledger.Host.Durable += lines => told.AddRange(lines.Select(line => line.Sequence));
        await Task.WhenAll(Enumerable.Range(0, 3000).Select(number => ledger.ReserveAsync(number)));
        await ledger.Host.RecordAsync(new LedgerEvent.Frozen(null, "test", "end"));

        var last = ledger.Host.Health.Sequence;
        foreach (var after in new long[] { 0, 1, 1022, 1023, 1024, 1025, 2048, last - 1, last })
        {
            Assert.Equal(Enumerable.Range((int)after + 1, (int)(last - after)).Select(n => (long)n), ledger.Host.ReadAfter(after).Select(line => line.Sequence));
        }

        // The last batch is told right after its callers are answered.
        Assert.Equal(Enumerable.Range(3, told.Count).Select(n => (long)n), told);
    }

    [Fact]
    public async Task A_second_process_is_told_who_has_the_folder()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        var refused = Assert.Throws<LockedFolderException>(() => FolderLock.Acquire(_folder.Path));
        Assert.Contains($"in use by process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }
}
