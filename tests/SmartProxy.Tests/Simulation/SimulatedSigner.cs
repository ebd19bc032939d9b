using System.Security.Cryptography;
using System.Text;
using SmartProxy.Protocol;
using SmartProxy.Wallet;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Tests.Simulation;

/// <summary>
/// The payer's key. Most runs use signatures that cost nothing, so that many runs do: only who made one can tell whose it is. What is signed is real
/// in all of them: the reserved authorization with its nonce.
/// </summary>
/// <param name="isReal">Whether this run signs as the product does.</param>
internal sealed class SimulatedKey(bool isReal)
{
    private const string Secret = "0x0000000000000000000000000000000000000000000000000000000000000002";

    public static readonly EvmAddress Address = AddressOf(Secret);

    private readonly Dictionary<string, TransferAuthorization> _made = [];

    /// <summary>The product's own signer, in a run that uses it.</summary>
    public ReservationSigner? Signer(IReservedAuthorizations reservations, TimeProvider time) =>
        isReal ? new ReservationSigner(Read(), reservations, new SignerCaps(), time) : null;

    public string Sign(TransferAuthorization authorization)
    {
        var half = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(authorization.ToString())));
        var signature = $"0x{half}{half}1b";
        _made[signature] = authorization;
        return signature;
    }

    public EvmAddress? Recover(TransferAuthorization authorization, string signature) =>
        isReal ? (TransferWithAuthorization.TryRecover(authorization, signature, out var signer) ? signer : null)
        : _made.TryGetValue(signature, out var made) && made == authorization ? Address
        : null;

    private static EvmAddress AddressOf(string secret)
    {
        using var key = SecretKey.TryParse(secret, out var parsed) ? parsed : throw new FormatException(secret);
        return key!.Address;
    }

    private static SecretKey Read() => SecretKey.TryParse(Secret, out var key) ? key! : throw new FormatException(Secret);
}

/// <summary>The wallet of one process. Everything that it signs is captured before anybody else sees it.</summary>
internal sealed class SimulatedSigner(IWallet? real, SimulatedKey key, IReservedAuthorizations reservations, SimulatedProxy process, TimeProvider time) : IWallet
{
    public EvmAddress Address => SimulatedKey.Address;

    public async ValueTask<SignOutcome> SignAsync(PaymentId reservation, CancellationToken cancellationToken)
    {
        await process.DieIfDeadAsync();
        var outcome = real is null ? await SignAsync(reservation) : await real.SignAsync(reservation, cancellationToken);
        if (outcome is SignOutcome.Signed signed)
        {
            process.Captured(reservation, signed);
        }

        return outcome;
    }

    // As the real signer judges, but for its own caps.
    private async ValueTask<SignOutcome> SignAsync(PaymentId reservation)
    {
        if (await reservations.FindAsync(reservation, CancellationToken.None) is not var (authorization, _))
        {
            return new SignOutcome.Refused(SignRefusal.ReservationNotFound);
        }

        return authorization.Terms.ValidBefore - time.GetUtcNow().ToUnixTimeSeconds() < ReservationSigner.MinSecondsLeft
            ? new SignOutcome.Refused(SignRefusal.ValidityTooShort)
            : new SignOutcome.Signed(authorization, key.Sign(authorization));
    }
}
