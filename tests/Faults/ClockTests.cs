namespace SmartProxy.Faults.Tests;

/// <summary>The machine's clock is turned while the product runs. Time never hands out a budget twice.</summary>
public sealed class ClockTests
{
    private const string OneCentADay = """ "day": "0.01" """;

    public static TheoryData<int> Jumps => [3_600, -3_600, 400, -400, 86_400, -86_400];

    [Theory, MemberData(nameof(Jumps)), Trait("invariant", "I12")]
    public async Task A_jump_of_the_clock_freezes_until_an_operator_has_looked_and_hands_out_no_budget(int seconds)
    {
        await using var world = await World.StartAsync(""" "day": "5.00" """, TimeSpan.Zero);
        Assert.Equal(200, (await world.PayAsync("before")).Status);

        world.Clock.Shift(TimeSpan.FromSeconds(seconds));

        var answers = new[] { await world.PayAsync("jumped"), await world.PayAsync("jumped again") };
        Assert.Contains(answers[0].Reason, (string[])["clock_skew", "frozen"]);
        Assert.Equal("frozen", answers[1].Reason);
        Assert.Contains("clock: it jumped by", await world.Proxy.HealthAsync(), StringComparison.Ordinal);
        Assert.Single(world.Seller.Nonces);

        Assert.Equal(System.Net.HttpStatusCode.OK, await world.Proxy.OrderAsync("/v1/unfreeze", """{"reason":"the clock is right"}"""));
        Assert.Equal(200, (await world.PayAsync("acknowledged")).Status);
    }

    [Theory, InlineData(200), InlineData(-200), Trait("invariant", "I12")]
    public async Task A_small_correction_of_the_clock_freezes_nothing_and_hands_out_no_budget(int seconds)
    {
        await using var world = await World.StartAsync(OneCentADay, SoThatItIs(12, 0));
        Assert.Equal(200, (await world.PayAsync("before")).Status);
        world.Clock.Shift(world.Offset + TimeSpan.FromSeconds(seconds));
        Assert.Equal("budget_exceeded", (await world.PayAsync("after")).Reason);
    }

    [Fact, Trait("invariant", "I11"), Trait("invariant", "I12")]
    public async Task At_midnight_what_could_still_be_charged_counts_in_the_new_day_and_turning_back_opens_no_day_again()
    {
        // A minute before midnight, in steps that are no jumps.
        await using var world = await World.StartAsync(OneCentADay, SoThatItIs(23, 59));
        Assert.Equal("payment_not_accepted", (await world.PayAsync("kept", "keep")).Reason);

        world.Clock.Shift(world.Offset + TimeSpan.FromSeconds(100));
        Assert.Equal("budget_exceeded", (await world.PayAsync("tomorrow")).Reason);

        world.Clock.Shift(world.Offset);
        Assert.Equal("budget_exceeded", (await world.PayAsync("yesterday")).Reason);
        Assert.Single(world.Seller.Nonces);
    }

    [Theory]
    [InlineData(3)] // Berlin goes from 2 to 3 o'clock
    [InlineData(10)] // and from 3 back to 2
    [Trait("invariant", "I12")]
    public async Task When_summer_time_begins_or_ends_a_day_stays_one_day(int month)
    {
        var change = LastSundayOf(month).AddHours(1);
        await using var world = await World.StartAsync(OneCentADay, change.AddSeconds(-90) - TimeProvider.System.GetUtcNow(), "Europe/Berlin");
        Assert.Equal(200, (await world.PayAsync("before")).Status);
        world.Clock.Shift(world.Offset + TimeSpan.FromSeconds(200));
        Assert.Equal("budget_exceeded", (await world.PayAsync("after")).Reason);
    }

    // Of the next year: files that are made now must not lie in the future.
    private static DateTimeOffset LastSundayOf(int month)
    {
        var last = new DateTimeOffset(TimeProvider.System.GetUtcNow().Year + 1, month, 31, 0, 0, 0, TimeSpan.Zero);
        return last.AddDays(-(int)last.DayOfWeek);
    }

    // The next time of day, at least a day ahead: files made now are older than that.
    private static TimeSpan SoThatItIs(int hour, int minute)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new DateTimeOffset(now.Date.AddDays(2).AddHours(hour).AddMinutes(minute), TimeSpan.Zero) - now;
    }

    /// <summary>A seller and a running product with a clock of its own.</summary>
    private sealed class World : IAsyncDisposable
    {
        private World(Seller seller, Installation installation, FakeClock clock, ProxyProcess proxy, TimeSpan offset) =>
            (Seller, Installation, Clock, Proxy, Offset) = (seller, installation, clock, proxy, offset);

        public Seller Seller { get; }

        public FakeClock Clock { get; }

        public ProxyProcess Proxy { get; }

        /// <summary>How far its clock was ahead when it started.</summary>
        public TimeSpan Offset { get; }

        private Installation Installation { get; }

        public static async Task<World> StartAsync(string limits, TimeSpan offset, string? zone = null)
        {
            FakeClock.Require();
            var seller = await Seller.StartAsync();
            var installation = await Installation.MakeAsync(seller.Authority, limits, zone: zone);
            var clock = new FakeClock(installation.Beside("clock"));
            clock.Shift(offset);
            return new World(seller, installation, clock, await ProxyProcess.StartAsync(installation, clock.Variables), offset);
        }

        public Task<Answer> PayAsync(string name, string how = "paid") => Proxy.AskAsync(Seller.Url($"/{how}/{Uri.EscapeDataString(name)}"));

        public async ValueTask DisposeAsync()
        {
            await Proxy.DisposeAsync();
            await Seller.DisposeAsync();
            Installation.Dispose();
        }
    }
}
