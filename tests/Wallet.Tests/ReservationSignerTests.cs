using Microsoft.Extensions.Time.Testing;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Wallet.Tests;

public sealed class ReservationSignerTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly EvmAddress Shop = EvmAddress.Parse("0x209693Bc6afc0C5328bA36FaF03C514EF312287C");

    private readonly Reservations _reservations = new();
    private readonly FakeTimeProvider _time = new(Noon);
    private readonly SecretKey _key = SecretKey.Create(new SeededRandom(11));
    private readonly ReservationSigner _signer;

    public ReservationSignerTests() => _signer = new ReservationSigner(_key, _reservations, new SignerCaps(), _time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _signer.Dispose();

    [Fact]
    public async Task The_fetched_record_is_what_is_signed()
    {
        var authorization = Reserve("1", "0.01");
        var signed = await Signed("1");

        Assert.Same(authorization, signed.Authorization);
        Assert.True(TransferWithAuthorization.TryRecover(authorization, signed.Signature, out var signer));
        Assert.Equal(_signer.Address, signer);
    }

    [Fact]
    [Trait("invariant", "I2")]
    public async Task Without_a_durable_reservation_nothing_is_signed() =>
        Assert.Equal(SignRefusal.ReservationNotFound, await Refused("unknown"));

    [Fact]
    public async Task A_reservation_of_another_payer_is_not_signed()
    {
        Reserve("1", "0.01", terms => terms with { From = Shop });
        Assert.Equal(SignRefusal.WrongWallet, await Refused("1"));
    }

    [Theory]
    [InlineData(6, 0, true)]
    [InlineData(6, 1, false)]
    [InlineData(5, 0, false)]
    [InlineData(0, 0, false)]
    [InlineData(-1, 0, false)]
    public async Task Six_seconds_of_validity_must_be_left(int seconds, int milliseconds, bool signs)
    {
        Reserve("1", "0.01", terms => terms with { ValidBefore = Noon.ToUnixTimeSeconds() + seconds });
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        Assert.Equal(signs, await _signer.SignAsync(Id("1"), Token) is SignOutcome.Signed);
    }

    [Theory]
    [InlineData(-1, long.MaxValue)]
    [InlineData(0, long.MinValue)]
    public async Task Times_that_make_no_sense_are_refused_not_thrown(long validAfter, long validBefore)
    {
        Reserve("1", "0.01", terms => terms with { ValidAfter = validAfter, ValidBefore = validBefore });
        Assert.Equal(SignRefusal.ValidityTooShort, await Refused("1"));
    }

    [Theory]
    [InlineData("10.00", true)]
    [InlineData("10.000001", false)]
    public async Task More_than_the_cap_per_payment_is_not_signed(string value, bool signs)
    {
        Reserve("1", value);
        Assert.Equal(signs, await _signer.SignAsync(Id("1"), Token) is SignOutcome.Signed);
    }

    [Fact]
    public async Task An_absurd_value_is_over_the_cap_and_does_not_wrap()
    {
        var signer = new ReservationSigner(_key, _reservations, new SignerCaps { PerPayment = Usd.MaxValue }, _time);
        Reserve("1", "1.00");
        _reservations.Add(Id("max"), Authorization(_key.Address, nonce: 9), Usd.MaxValue);
        Assert.IsType<SignOutcome.Signed>(await signer.SignAsync(Id("1"), Token));
        Assert.Equal(new SignOutcome.Refused(SignRefusal.SignerDayCap), await signer.SignAsync(Id("max"), Token));
    }

    [Fact]
    public async Task The_day_cap_is_met_exactly_and_never_passed()
    {
        for (var i = 0; i < 20; i++)
        {
            Reserve($"{i}", "10.00");
            await Signed($"{i}");
        }

        Reserve("more", "0.000001");
        Assert.Equal(SignRefusal.SignerDayCap, await Refused("more"));
    }

    [Fact]
    public async Task Sixty_four_parallel_calls_stay_within_the_day_cap()
    {
        const int Calls = 64;
        for (var i = 0; i < Calls; i++)
        {
            Reserve($"{i}", "9.00");
        }

        _reservations.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, Calls).Select(i => Task.Run(() => _signer.SignAsync(Id($"{i}"), Token).AsTask(), Token)).ToArray();
        _reservations.Gate.SetResult();
        var outcomes = await Task.WhenAll(calls);

        Assert.Equal(22, outcomes.Count(outcome => outcome is SignOutcome.Signed));
        Assert.Equal(Calls - 22, outcomes.Count(outcome => outcome == new SignOutcome.Refused(SignRefusal.SignerDayCap)));
    }

    [Fact]
    public async Task The_same_reservation_gives_identical_bytes_and_counts_once()
    {
        Reserve("1", "10.00");
        var calls = Enumerable.Range(0, 64).Select(_ => Task.Run(() => Signed("1"), Token));
        var signatures = (await Task.WhenAll(calls)).Select(signed => signed.Signature).Distinct();
        Assert.Single(signatures);

        for (var i = 0; i < 19; i++)
        {
            Reserve($"other {i}", "10.00");
            await Signed($"other {i}");
        }

        await Signed("1");
    }

    [Fact]
    public async Task Other_bytes_under_the_same_id_count_again()
    {
        var signer = new ReservationSigner(_key, _reservations, new SignerCaps { PerDay = new Usd(1_500_000) }, _time);
        Reserve("1", "1.00");
        Assert.IsType<SignOutcome.Signed>(await signer.SignAsync(Id("1"), Token));

        Reserve("1", "1.00", terms => terms with { To = _signer.Address });
        Assert.Equal(new SignOutcome.Refused(SignRefusal.SignerDayCap), await signer.SignAsync(Id("1"), Token));
    }

    [Fact]
    public async Task A_new_utc_day_has_its_own_room_and_a_clock_turned_back_has_not()
    {
        _time.SetUtcNow(new DateTimeOffset(2026, 3, 1, 23, 59, 0, TimeSpan.Zero));
        _signer.Prime([(_time.GetUtcNow(), new Usd(200_000_000))]);
        Reserve("1", "10.00");
        Assert.Equal(SignRefusal.SignerDayCap, await Refused("1"));

        _time.Advance(TimeSpan.FromMinutes(1));
        await Signed("1");

        var back = new FakeTimeProvider(Noon.AddDays(1));
        var signer = new ReservationSigner(_key, _reservations, new SignerCaps { PerDay = new Usd(10_000_000) }, back);
        Assert.IsType<SignOutcome.Signed>(await signer.SignAsync(Id("1"), Token));
        Reserve("2", "10.00");
        back.AdjustTime(Noon.AddHours(1));
        Assert.Equal(new SignOutcome.Refused(SignRefusal.SignerDayCap), await signer.SignAsync(Id("2"), Token));
    }

    [Fact]
    public async Task What_was_signed_before_a_restart_counts_today()
    {
        _signer.Prime(
        [
            (Noon.AddHours(-13), new Usd(200_000_000)),
            (Noon.AddHours(-11), new Usd(100_000_000)),
            (Noon.AddHours(20), new Usd(90_000_000)),
        ]);
        Reserve("1", "10.00");
        Reserve("2", "0.01");
        await Signed("1");
        Assert.Equal(SignRefusal.SignerDayCap, await Refused("2"));
    }

    internal static TransferAuthorization Authorization(EvmAddress from, byte nonce = 1)
    {
        var terms = new TransferTerms(
            new ChainId(84532),
            EvmAddress.Parse("0x036CbD53842c5426634e7929541eC2318f3dCF7e"),
            "USDC",
            "2",
            from,
            Shop,
            new TokenAmount(10_000),
            ValidAfter: 0,
            ValidBefore: Noon.AddDays(2).ToUnixTimeSeconds());
        return new TransferAuthorization(terms, Bytes32.Sha256([nonce]));
    }

    private static PaymentId Id(string name) => new(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)).AsSpan(0, PaymentId.Length));

    private TransferAuthorization Reserve(string name, string usd, Func<TransferTerms, TransferTerms>? change = null)
    {
        Assert.True(Usd.TryParse(usd, out var value));
        var authorization = Authorization(_signer.Address) with { Nonce = Bytes32.Sha256(System.Text.Encoding.UTF8.GetBytes(name)) };
        authorization = authorization with { Terms = (change ?? (terms => terms))(authorization.Terms) };
        _reservations.Add(Id(name), authorization, value);
        return authorization;
    }

    private async Task<SignOutcome.Signed> Signed(string name) => Assert.IsType<SignOutcome.Signed>(await _signer.SignAsync(Id(name), Token));

    private async Task<SignRefusal> Refused(string name) => Assert.IsType<SignOutcome.Refused>(await _signer.SignAsync(Id(name), Token)).Reason;

    private sealed class Reservations : IReservedAuthorizations
    {
        private readonly Dictionary<PaymentId, (TransferAuthorization, Usd)> _records = [];

        public TaskCompletionSource? Gate { get; set; }

        public void Add(PaymentId id, TransferAuthorization authorization, Usd value) => _records[id] = (authorization, value);

        public async ValueTask<(TransferAuthorization Authorization, Usd Value)?> FindAsync(PaymentId id, CancellationToken cancellationToken)
        {
            await (Gate?.Task ?? Task.CompletedTask);
            return _records.TryGetValue(id, out var record) ? record : null;
        }
    }
}
