using System.Globalization;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Wallet;

namespace SmartProxy.Chain;

/// <summary>
/// A wallet that asks the clock and the chain before it signs: a clock that jumped or that the chain is ahead of signs nothing, and nothing is
/// promised that the wallet does not hold.
/// </summary>
internal sealed class GatedWallet(IWallet signer, ILedger ledger, ClockWatch clock, ChainKeeper chains, WalletFunds funds, TimeProvider time) : IWallet
{
    /// <summary>How far a chain's newest block may be ahead of this machine's clock.</summary>
    public static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(60);

    public EvmAddress Address => signer.Address;

    public SignOutcome.Refused? Objection(TransferTerms terms) =>
        Clock() ?? (funds.TooLittle(terms.Chain, terms.Asset, terms.From, terms.Value.Units) is { } lack ? Insufficient(terms.Chain, terms.Value, lack) : null);

    public async ValueTask<SignOutcome> SignAsync(PaymentId reservation, CancellationToken cancellationToken)
    {
        if (Clock() is { } skewed)
        {
            return skewed;
        }

        // INVARIANT: the units are claimed before the signature is made, so two payments never both get the last of them.
        return await ledger.FindReservationAsync(reservation, cancellationToken) is { } reserved && funds.Claim(reserved) is { } lack
            ? Insufficient(reserved.Authorization.Terms.Chain, reserved.Authorization.Terms.Value, lack)
            : await signer.SignAsync(reservation, cancellationToken);
    }

    private SignOutcome.Refused? Clock()
    {
        if (clock.Look() is { } jump)
        {
            return new SignOutcome.Refused(SignRefusal.ClockSkew, jump);
        }

        var now = time.GetUtcNow();
        return chains.Furthest() is { } ahead && ahead.Time - now > MaxSkew
            ? new SignOutcome.Refused(SignRefusal.ClockSkew, string.Create(CultureInfo.InvariantCulture, $"block {ahead.Number} is of {ahead.Time:u} and this machine's clock says {now:u}; set the clock"))
            : null;
    }

    private SignOutcome.Refused Insufficient(ChainId chain, TokenAmount value, FundsShortfall lack)
    {
        chains.Hurry(chain);
        return new SignOutcome.Refused(
            SignRefusal.WalletInsufficient,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{value} units are asked, the wallet {Address} held {lack.Balance} at block {lack.Block.Number} of {lack.Block.Time:u} ({Math.Max(0, (long)(time.GetUtcNow() - lack.Block.Time).TotalSeconds)} s ago), and {lack.Outstanding} are promised; fund the wallet"));
    }
}
