using SmartProxy.Protocol;

namespace SmartProxy.Wallet;

/// <summary>
/// Keys and the only thing they sign. The wallet fetches the reserved record itself and signs <c>TransferWithAuthorization</c> for it and
/// nothing else: no raw hashes, no messages, no transactions.
/// </summary>
public interface IWallet
{
    /// <summary>The account that pays.</summary>
    EvmAddress Address { get; }

    /// <summary>Why a payment of these terms would not be signed, as far as that can be known before anything is reserved; null when nothing speaks against it.</summary>
    SignOutcome.Refused? Objection(TransferTerms terms) => null;

    /// <summary>Signs the reservation, or says why not. Never throws for a reason that lies in the reservation.</summary>
    ValueTask<SignOutcome> SignAsync(PaymentId reservation, CancellationToken cancellationToken);
}

/// <summary>Where the wallet reads what was reserved. Implemented over the ledger by the host.</summary>
public interface IReservedAuthorizations
{
    /// <summary>The durable reservation, with its dollar value; null when there is none or its outcome is known.</summary>
    ValueTask<(TransferAuthorization Authorization, Usd Value)?> FindAsync(PaymentId id, CancellationToken cancellationToken);
}

public abstract record SignOutcome
{
    private SignOutcome()
    {
    }

    /// <param name="Authorization">Exactly what was signed.</param>
    /// <param name="Signature">65 bytes, r ‖ s ‖ v with low s and v 27 or 28, as <c>0x</c> and 130 lower-case hex digits.</param>
    public sealed record Signed(TransferAuthorization Authorization, string Signature) : SignOutcome
    {
        /// <summary>The signature is a bearer instrument until it expires: it never gets into a log.</summary>
        public override string ToString() => "Signed (secret)";
    }

    /// <param name="Reason">The stable reason.</param>
    /// <param name="Detail">The figures behind it, for people, where there are some.</param>
    public sealed record Refused(SignRefusal Reason, string? Detail = null) : SignOutcome;
}

/// <summary>Why the signer refused. The wire word of each is its snake_case form and never changes.</summary>
public enum SignRefusal
{
    /// <summary>No durable reservation by this id.</summary>
    ReservationNotFound,

    /// <summary>The reservation names another payer than this key's address.</summary>
    WrongWallet,

    /// <summary>Less than six seconds of validity left.</summary>
    ValidityTooShort,

    /// <summary>Over the signer's own cap per payment.</summary>
    SignerPaymentCap,

    /// <summary>Over the signer's own cap per day.</summary>
    SignerDayCap,

    /// <summary>The wallet holds less than what was asked and what it has promised already.</summary>
    WalletInsufficient,

    /// <summary>This machine's clock jumped, or the chain is ahead of it.</summary>
    ClockSkew,
}
