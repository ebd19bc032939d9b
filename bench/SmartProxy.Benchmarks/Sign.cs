using BenchmarkDotNet.Attributes;
using SmartProxy.Protocol;
using SmartProxy.Wallet;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Benchmarks;

/// <summary>What does it cost to sign a reservation, and how much of that is hashing, curve work and the signer's own checks?</summary>
[MemoryDiagnoser]
public class Sign
{
    private static readonly PaymentId Payment = PaymentId.Parse("01jaaaaaaaaaaaaaaaaaaaaaaa");

    private readonly DomainSeparators _domains = new();
    private TransferAuthorization _authorization = null!;
    private Secp256k1Signer _signer = null!;
    private ReservationSigner _wallet = null!;
    private Bytes32 _digest;
    private string _signature = null!;

    [GlobalSetup]
    public void Setup()
    {
        var key = SecretKey.Create(new SystemRandomSource());
        var terms = new TransferTerms(
            new ChainId(8453),
            EvmAddress.Parse("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"),
            "USD Coin",
            "2",
            key.Address,
            EvmAddress.Parse("0x209693Bc6afc0C5328bA36FaF03C514EF312287C"),
            new TokenAmount(10_000),
            ValidAfter: 0,
            TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds());
        _authorization = new TransferAuthorization(terms, Bytes32.Keccak256("bench"u8));
        _signer = new Secp256k1Signer(key);
        _wallet = new ReservationSigner(key, new OneReservation(_authorization), new SignerCaps(), TimeProvider.System);
        _digest = Digest();
        _signature = SignDigest();
    }

    [Benchmark]
    public Bytes32 Digest() =>
        TransferWithAuthorization.Digest(_domains.Of(_authorization.Terms), TransferWithAuthorization.StructHash(_authorization));

    [Benchmark]
    public string SignDigest() => _signer.Sign(_digest);

    [Benchmark(Baseline = true)]
    public string DigestAndSign() => _signer.Sign(Digest());

    [Benchmark]
    public ValueTask<SignOutcome> SignReservation() => _wallet.SignAsync(Payment, CancellationToken.None);

    [Benchmark]
    public bool Recover() => Secp256k1.TryRecover(_digest, _signature, out _);

    private sealed class OneReservation(TransferAuthorization authorization) : IReservedAuthorizations
    {
        public ValueTask<(TransferAuthorization Authorization, Usd Value)?> FindAsync(PaymentId id, CancellationToken cancellationToken) =>
            ValueTask.FromResult<(TransferAuthorization Authorization, Usd Value)?>((authorization, new Usd(10_000)));
    }
}
