using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Tests.Storage;
using SmartProxy.Wallet;

namespace SmartProxy.Tests.Chain;

/// <summary>What is asked before a signature: the wallet's money, and the clock.</summary>
public sealed class GatedWalletTests
{
    [Fact]
    public async Task Nothing_is_promised_that_the_wallet_does_not_hold()
    {
        await using var gate = await Gate.OpenAsync(balance: 25_000);
        var reservations = new[] { await gate.ReserveAsync(), await gate.ReserveAsync(), await gate.ReserveAsync() };

        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(reservations[0]));
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(reservations[1]));
        var refused = Assert.IsType<SignOutcome.Refused>(await gate.SignAsync(reservations[2]));

        Assert.Equal(SignRefusal.WalletInsufficient, refused.Reason);
        Assert.Contains("held 25000 at block", refused.Detail, StringComparison.Ordinal);
        Assert.Contains("20000 are promised", refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_hundred_callers_never_promise_more_than_the_balance()
    {
        await using var gate = await Gate.OpenAsync(balance: 109_999);
        var reservations = new List<Reservation>();
        for (var n = 0; n < 200; n++)
        {
            reservations.Add(await gate.ReserveAsync());
        }

        var outcomes = await Task.WhenAll(reservations.Select(reservation => Task.Run(() => gate.SignAsync(reservation))));

        Assert.Equal(10, outcomes.OfType<SignOutcome.Signed>().Count());
    }

    [Fact]
    public async Task What_a_journal_reader_has_seen_is_outstanding_and_what_is_proven_is_gone_from_the_balance()
    {
        await using var gate = await Gate.OpenAsync(balance: 20_000);
        var first = await gate.ReserveAsync();
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(first));
        await gate.World.Ledger.Host.RecordAsync(new LedgerEvent.Sent(first.Id));
        await gate.World.Ledger.Host.RecordAsync(new LedgerEvent.InDoubt(first.Id, "no_answer", null, false));
        await gate.World.PassAsync(1);
        var (second, third) = (await gate.ReserveAsync(), await gate.ReserveAsync());
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(second));
        Assert.IsType<SignOutcome.Refused>(await gate.SignAsync(third));

        gate.World.Chain.Use(first.Authorization);
        await gate.World.PassAsync(2);
        Assert.IsType<SignOutcome.Refused>(await gate.SignAsync(third)); // 10000 left, and the second has them

        gate.World.Chain.Balance += 10_000;
        await gate.World.PassAsync(2);
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(third));
    }

    [Fact]
    public async Task Money_that_came_in_counts_before_its_block_is_final_and_money_that_went_out_only_then()
    {
        await using var gate = await Gate.OpenAsync(balance: 9_999);
        var first = await gate.ReserveAsync();
        Assert.IsType<SignOutcome.Refused>(await gate.SignAsync(first));

        gate.World.Chain.Balance += 1;
        gate.World.Chain.Mine(gate.World.Now); // the newest block has it, the final one does not
        await gate.World.SweepAsync();
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(first));
        Assert.IsType<SignOutcome.Refused>(await gate.SignAsync(await gate.ReserveAsync()));
    }

    [Fact]
    public async Task Released_units_can_be_promised_again()
    {
        await using var gate = await Gate.OpenAsync(balance: 10_000);
        var first = await gate.ReserveAsync();
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(first));
        await gate.World.Ledger.Host.RecordAsync(new LedgerEvent.InDoubt(first.Id, "no_answer", null, false));
        Assert.IsType<SignOutcome.Refused>(await gate.SignAsync(await gate.ReserveAsync()));
        await gate.World.PassAsync(61);
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(await gate.ReserveAsync()));
    }

    [Fact]
    public async Task An_empty_wallet_is_said_before_anything_is_reserved_and_an_old_balance_still_counts()
    {
        await using var gate = await Gate.OpenAsync(balance: 9_999);
        var terms = Purchases.Request(1, gate.World.Now).Terms;
        gate.Jump(3 * 3600, 3 * 3600); // no node has answered since
        var objection = gate.Wallet.Objection(terms);
        Assert.Equal(SignRefusal.WalletInsufficient, objection!.Reason);
        Assert.Contains("s ago", objection.Detail, StringComparison.Ordinal);
        Assert.Null(gate.Wallet.Objection(terms with { Value = new TokenAmount(9_999) }));
    }

    [Fact]
    public async Task Before_the_first_reading_nothing_is_refused()
    {
        await using var gate = await Gate.OpenAsync(balance: 0, reads: false);
        Assert.IsType<SignOutcome.Signed>(await gate.SignAsync(await gate.ReserveAsync()));
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(61, false)]
    public async Task A_chain_that_is_ahead_of_the_clock_stops_signing(int seconds, bool signs)
    {
        await using var gate = await Gate.OpenAsync(balance: 1_000_000);
        gate.World.Chain.Mine(gate.World.Now.AddSeconds(seconds));
        await gate.World.SweepAsync();
        var outcome = await gate.SignAsync(await gate.ReserveAsync());
        Assert.Equal(signs, outcome is SignOutcome.Signed);
        Assert.Equal(signs ? null : SignRefusal.ClockSkew, (outcome as SignOutcome.Refused)?.Reason);
        Assert.Equal(signs, gate.Wallet.Objection(Purchases.Request(1, gate.World.Now).Terms) is null);
    }

    [Theory]
    [InlineData(301, 0)]
    [InlineData(-301, 0)]
    [InlineData(7200, 0)]
    public async Task A_jump_of_the_clock_freezes_everybody_until_an_operator_says_so(int wall, int boot)
    {
        await using var gate = await Gate.OpenAsync(balance: 1_000_000);
        var reservation = await gate.ReserveAsync();
        gate.Jump(wall, boot);

        Assert.Equal(SignRefusal.ClockSkew, Assert.IsType<SignOutcome.Refused>(await gate.SignAsync(reservation)).Reason);
        Assert.StartsWith("clock: it jumped", gate.World.Ledger.Host.FrozenReason(new AgentId("me")), StringComparison.Ordinal);
        await gate.World.Ledger.Host.RecordAsync(new LedgerEvent.Unfrozen(null, "operator", "the clock is right"));
        Assert.Null(gate.World.Ledger.Host.FrozenReason(new AgentId("me")));
        Assert.Null(gate.Clock.Look());
        Assert.Equal(ClockWatch.By, Assert.Single(gate.World.Recorded<LedgerEvent.Frozen>()).By);
    }

    [Theory]
    [InlineData(299, 0)]
    [InlineData(86_400, 86_400)] // the machine slept
    [InlineData(0, 299)]
    public async Task A_small_correction_and_a_long_sleep_are_no_jump(int wall, int boot)
    {
        await using var gate = await Gate.OpenAsync(balance: 1_000_000);
        gate.Jump(wall, boot);
        Assert.Null(gate.Clock.Look());
    }

    [Fact]
    public async Task Many_small_steps_are_a_jump_too()
    {
        await using var gate = await Gate.OpenAsync(balance: 1_000_000);
        gate.Jump(200, 60);
        Assert.Null(gate.Clock.Look());
        gate.Jump(200, 60);
        Assert.Null(gate.Clock.Look());
        gate.Jump(200, 60);
        Assert.NotNull(gate.Clock.Look());
    }

    [Fact]
    public void The_machine_has_a_clock_that_nobody_can_set()
    {
        var first = new BootClock().Elapsed;
        Assert.True(first > TimeSpan.Zero && new BootClock().Elapsed >= first);
    }

    private sealed class Gate : IAsyncDisposable
    {
        private readonly Boot _boot = new();
        private int _made = 1000;

        private Gate(ChainWorld world)
        {
            World = world;
            Clock = new ClockWatch(world.Ledger.Time, _boot, world.Ledger.Host, NullLogger<ClockWatch>.Instance);
            var keeper = new ChainKeeper([new KeptChain(world.Watch, TimeSpan.FromSeconds(15))], world.Ledger.Time, NullLogger<ChainKeeper>.Instance);
            Wallet = new GatedWallet(new Signer(), world.Ledger.Host, Clock, keeper, world.Funds, world.Ledger.Time);
        }

        public ChainWorld World { get; }

        public ClockWatch Clock { get; }

        public IWallet Wallet { get; }

        public static async Task<Gate> OpenAsync(long balance, bool reads = true)
        {
            var world = await ChainWorld.OpenAsync();
            var gate = new Gate(world);
            world.Chain.Balance = (UInt128)balance;
            if (reads)
            {
                world.Chain.Mine(world.Now);
                world.Chain.Mine(world.Now);
                Assert.True(await world.SweepAsync());
            }

            return gate;
        }

        public async Task<Reservation> ReserveAsync() => Assert.IsType<ReserveOutcome.Reserved>(await World.Ledger.ReserveAsync(++_made)).Reservation;

        public Task<SignOutcome> SignAsync(Reservation reservation) => Wallet.SignAsync(reservation.Id, TestContext.Current.CancellationToken).AsTask();

        /// <summary>So much of each clock passes; a fake clock only goes on, so a jump back is the other clock's going on.</summary>
        public void Jump(int wall, int boot)
        {
            World.Ledger.Time.Advance(TimeSpan.FromSeconds(Math.Max(wall, 0)));
            _boot.Elapsed += TimeSpan.FromSeconds(boot - Math.Min(wall, 0));
        }

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }

    private sealed class Boot : IBootClock
    {
        public TimeSpan Elapsed { get; set; } = TimeSpan.FromDays(1);
    }

    private sealed class Signer : IWallet
    {
        public EvmAddress Address => ChainWorld.Wallet;

        public ValueTask<SignOutcome> SignAsync(PaymentId reservation, CancellationToken cancellationToken) =>
            ValueTask.FromResult<SignOutcome>(new SignOutcome.Signed(new TransferAuthorization(null!, default), "signature"));
    }
}
