using SmartProxy.Protocol;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Wallet;

/// <summary>
/// Signs what was reserved and nothing else. It keeps a hard cap by itself, so that a mistake above it is bounded: what it signs per
/// payment and per UTC day never exceeds <see cref="SignerCaps"/>, from however many threads.
/// </summary>
/// <remarks>
/// 1. Fetch the durable record. 2. It must name this key as the payer and have time left. 3. Claim its value under both caps, unless these
/// very bytes were claimed before. 4. Sign the fetched record. The claim comes first, so a signature that fails still counts.
/// </remarks>
public sealed class ReservationSigner : IWallet, IDisposable
{
    /// <summary>Validity that must be left, in seconds: facilitators refuse less at settlement.</summary>
    public const int MinSecondsLeft = 6;

    private readonly IReservedAuthorizations _reservations;
    private readonly TimeProvider _time;
    private readonly SecretKey _key;
    private readonly Secp256k1Signer _signer;
    private readonly SigningCap _cap;
    private readonly DomainSeparators _domains = new();

    /// <param name="key">The payer's key; disposed with this.</param>
    /// <param name="reservations">Where reserved records are read.</param>
    /// <param name="caps">The hard caps.</param>
    /// <param name="time">The clock.</param>
    public ReservationSigner(SecretKey key, IReservedAuthorizations reservations, SignerCaps caps, TimeProvider time)
    {
        _reservations = reservations;
        _time = time;
        _key = key;
        _signer = new Secp256k1Signer(key);
        _cap = new SigningCap(caps);
    }

    public EvmAddress Address => _key.Address;

    /// <summary>Counts what was signed before this process started, read from the ledger. To be called once, before the first signature.</summary>
    /// <param name="signed">When each payment was signed, and its value. Days before today are left out.</param>
    public void Prime(IEnumerable<(DateTimeOffset SignedAt, Usd Value)> signed) => _cap.Prime(signed, _time.GetUtcNow());

    public async ValueTask<SignOutcome> SignAsync(PaymentId reservation, CancellationToken cancellationToken)
    {
        if (await _reservations.FindAsync(reservation, cancellationToken) is not var (authorization, value))
        {
            return new SignOutcome.Refused(SignRefusal.ReservationNotFound);
        }

        var now = _time.GetUtcNow();
        if (authorization.Terms.From != Address)
        {
            return new SignOutcome.Refused(SignRefusal.WrongWallet);
        }

        if (!HasTimeLeft(authorization.Terms, now))
        {
            return new SignOutcome.Refused(SignRefusal.ValidityTooShort);
        }

        // INVARIANT: the digest is of the fetched record, and the claim is made for this digest.
        var digest = TransferWithAuthorization.Digest(_domains.Of(authorization.Terms), TransferWithAuthorization.StructHash(authorization));
        if (_cap.Claim(digest, value, authorization.Terms.ValidBefore, now) is { } refusal)
        {
            return new SignOutcome.Refused(refusal);
        }

        return new SignOutcome.Signed(authorization, _signer.Sign(digest));
    }

    public void Dispose() => _key.Dispose();

    public override string ToString() => $"ReservationSigner of {Address} (key hidden)";

    private static bool HasTimeLeft(TransferTerms terms, DateTimeOffset now) =>
        terms.ValidAfter >= 0 && ((Int128)terms.ValidBefore * 1000) - now.ToUnixTimeMilliseconds() >= MinSecondsLeft * 1000;
}
