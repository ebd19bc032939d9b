using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Chain;

/// <summary>A doubt that no chain settles may be closed by a person, when it can't be charged any more, and never returns money.</summary>
public sealed class VoidOrderTests
{
    [Theory]
    [InlineData(3659, "void_too_early")]
    [InlineData(3660, null)]
    public async Task Without_a_node_an_hour_past_the_end_of_validity_is_waited_for(int seconds, string? reason)
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        world.Ledger.Time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(reason, (await VoidAsync(world, kept.Id, VoidOrder.Offline(world.Ledger.Host, world.Ledger.Time)))?.Reason);
        Assert.Equal(reason is null ? PaymentState.Voided : PaymentState.InDoubt, await world.StateOfAsync(kept.Id));
    }

    [Theory]
    [InlineData(null, "void_too_early")]
    [InlineData(-1, "void_too_early")]
    [InlineData(0, null)]
    public async Task With_nodes_the_chains_own_time_counts(int? secondsAfter, string? reason)
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        world.Ledger.Time.Advance(TimeSpan.FromDays(2));
        DateTimeOffset? final = secondsAfter is { } after ? DateTimeOffset.FromUnixTimeSeconds(kept.Authorization.Terms.ValidBefore + after) : null;
        var order = new VoidOrder(world.Ledger.Host, world.Ledger.Time, _ => true, _ => final);
        Assert.Equal(reason, (await VoidAsync(world, kept.Id, order))?.Reason);
    }

    [Fact]
    public async Task A_voided_payment_stays_spent_and_says_who_and_why()
    {
        await using var world = await ChainWorld.OpenAsync();
        var line = Purchases.Total("me", 10_000);
        var kept = await world.KeptAsync(line);
        world.Ledger.Time.Advance(TimeSpan.FromHours(2));
        Assert.Null(await VoidAsync(world, kept.Id, VoidOrder.Offline(world.Ledger.Host, world.Ledger.Time)));

        var usage = Assert.Single(await world.Ledger.Host.UsageAsync([line], TestContext.Current.CancellationToken));
        Assert.Equal((10_000u, 0u), ((uint)usage.Spent.Units, (uint)usage.Held.Units));
        var voided = Assert.Single(world.Recorded<LedgerEvent.Voided>());
        Assert.Equal((kept.Id, "test", "the seller is gone"), (voided.Payment, voided.By, voided.Reason));
    }

    [Fact]
    public async Task Only_what_is_in_doubt_can_be_voided()
    {
        await using var world = await ChainWorld.OpenAsync();
        var order = VoidOrder.Offline(world.Ledger.Host, world.Ledger.Time);
        var sent = await world.SentAsync();
        world.Ledger.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("payment_not_in_doubt", (await VoidAsync(world, sent.Id, order))?.Reason);
        await world.Ledger.Host.RecordAsync(Purchases.Settled(sent.Id));
        Assert.Equal("payment_not_in_doubt", (await VoidAsync(world, sent.Id, order))?.Reason);
        Assert.Equal("payment_not_found", (await VoidAsync(world, Purchases.Request(500, world.Now).Id, order))?.Reason);
    }

    private static Task<Refusal?> VoidAsync(ChainWorld world, PaymentId id, VoidOrder order) =>
        order.RunAsync(id, "test", "the seller is gone", TestContext.Current.CancellationToken).AsTask();
}
