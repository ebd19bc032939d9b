using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>A full disk stops new payments, and the outcomes of those that were signed are still recorded.</summary>
public sealed class DiskReserveTests : IDisposable
{
    private static readonly LedgerOptions Small = new() { ReserveBytes = 32 * 1024 };
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task When_the_disk_is_full_outcomes_are_recorded_and_nothing_new_is_paid_until_there_is_room()
    {
        var disk = new SmallDisk(room: 64 * 1024);
        await using (var ledger = await OpenLedger.OpenAsync(_folder.Path, disk, options: Small))
        {
            var paid = await PayUntilRefused(ledger);
            Assert.Contains("is full", ledger.Host.DiskTrouble, StringComparison.Ordinal);
            Assert.Null(ledger.Host.Health.Trouble);
            foreach (var id in paid)
            {
                await ledger.Host.RecordAsync(new LedgerEvent.Sent(id));
                await ledger.Host.RecordAsync(Purchases.Settled(id));
            }

            Assert.Equal(ReserveRefusal.LedgerUnavailable, Assert.IsType<ReserveOutcome.Refused>(await ledger.ReserveAsync(1000)).Reason);
            disk.Give(128 * 1024);
            await ledger.PayAsync(1001);
            Assert.Null(ledger.Host.DiskTrouble);
            Assert.NotEmpty(await PayUntilRefused(ledger, first: 2000));
        }

        Assert.Null(LedgerVerify.Check(_folder.Path, _ => { }).Problem);
    }

    [Fact]
    public async Task When_the_reserve_is_used_up_too_the_journal_ends_and_loses_nothing()
    {
        var disk = new SmallDisk(room: 64 * 1024);
        List<PaymentId> paid;
        await using (var ledger = await OpenLedger.OpenAsync(_folder.Path, disk, options: Small))
        {
            paid = await PayUntilRefused(ledger);
            await Assert.ThrowsAsync<LedgerUnavailableException>(async () =>
            {
                for (var number = 0; ; number++)
                {
                    await ledger.Host.RecordAsync(new LedgerEvent.Frozen(new AgentId($"a{number}"), "test", "fills the disk"));
                }
            });
            Assert.Contains("nothing is paid", ledger.Host.Health.Trouble, StringComparison.Ordinal);
        }

        await using var after = await OpenLedger.OpenAsync(_folder.Path);
        var stored = await after.PaymentsAsync();
        Assert.All(paid, id => Assert.Contains(id, stored));
    }

    [Fact]
    public async Task Refusals_do_not_use_up_the_room_that_is_kept_for_outcomes()
    {
        var disk = new SmallDisk(room: 64 * 1024);
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, disk, options: Small);
        var paid = await PayUntilRefused(ledger);
        for (var number = 0; number < 1000; number++)
        {
            await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.Host.RecordAsync(Purchases.Refused(number, ledger.Time.GetUtcNow())));
        }

        await ledger.Host.RecordAsync(new LedgerEvent.Sent(paid[0]));
        await ledger.Host.RecordAsync(Purchases.Settled(paid[0]));
        Assert.Null(ledger.Host.Health.Trouble);
    }

    /// <summary>A disk that fails while the room is taken again says nothing about the journal: payments stay refused, are answered, and go on when it is well.</summary>
    [Theory]
    [InlineData("free bytes")]
    [InlineData("allocate")]
    public async Task A_failure_while_the_room_is_taken_again_refuses_and_ends_nothing(string failing)
    {
        var disk = new SmallDisk(room: 64 * 1024);
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, disk, options: Small);
        await PayUntilRefused(ledger);
        disk.Give(256 * 1024);
        disk.Failing = failing;
        for (var number = 1000; number < 1003; number++)
        {
            var outcome = await ledger.ReserveAsync(number).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            Assert.Equal(ReserveRefusal.LedgerUnavailable, Assert.IsType<ReserveOutcome.Refused>(outcome).Reason);
        }

        disk.Failing = null;
        await ledger.PayAsync(1004);
    }

    [Fact]
    public async Task A_start_on_a_full_disk_pays_nothing_new()
    {
        await (await OpenLedger.OpenAsync(_folder.Path)).DisposeAsync();
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path, new SmallDisk(room: 16 * 1024), options: Small);
        Assert.NotNull(ledger.Host.DiskTrouble);
        Assert.Equal(ReserveRefusal.LedgerUnavailable, Assert.IsType<ReserveOutcome.Refused>(await ledger.ReserveAsync(1)).Reason);
    }

    private static async Task<List<PaymentId>> PayUntilRefused(OpenLedger ledger, int first = 1)
    {
        var paid = new List<PaymentId>();
        for (var number = first; ; number++)
        {
            switch (await ledger.ReserveAsync(number))
            {
                case ReserveOutcome.Reserved reserved:
                    paid.Add(reserved.Reservation.Id);
                    break;
                case ReserveOutcome.Refused refused:
                    Assert.Equal(ReserveRefusal.LedgerUnavailable, refused.Reason);
                    return paid;
            }
        }
    }
}
