using SmartProxy.Commands;
using SmartProxy.Ledger;
using SmartProxy.Operator;
using SmartProxy.Payments;
using SmartProxy.Storage;
using SmartProxy.Wallet;
using SmartProxy.Wallet.Keys;

namespace SmartProxy.Keys;

/// <summary>Opens every wallet of an installation, and lets each signer count what was signed before.</summary>
internal static class WalletLoader
{
    /// <exception cref="OperatorException">A wallet can't be opened, or there is none.</exception>
    public static async ValueTask<Wallets> LoadAsync(RunSettings settings, LedgerHost ledger, TimeProvider time)
    {
        var files = settings.Options.Wallets.Count > 0
            ? settings.Options.Wallets.Select(wallet => (Name: wallet.Key, wallet.Value.Keystore, wallet.Value.PasswordFile)).ToList()
            : [.. Directory.GetFiles(settings.Data.Wallets, "*.json").Order(StringComparer.Ordinal).Select(InFolder)];
        if (files.Count == 0)
        {
            throw new OperatorException($"there is no wallet in `{settings.Data.Wallets}`; make one with `smartproxy wallet new main`, or name one in the setting SmartProxy:Wallets");
        }

        var caps = new SignerCaps { PerPayment = settings.Options.Signer.MaxPayment, PerDay = settings.Options.Signer.MaxDay };
        var reservations = new LedgerReservations(ledger);
        var wallets = new Dictionary<string, IWallet>(StringComparer.Ordinal);
        foreach (var (name, keystore, passwordFile) in files)
        {
            var signer = new ReservationSigner(KeyFiles.Open(keystore, passwordFile), reservations, caps, time);
            signer.Prime(await SignedByAsync(ledger, signer));
            wallets.Add(name, signer);
        }

        return new Wallets(wallets);
    }

    private static (string Name, string Keystore, string PasswordFile) InFolder(string file) =>
        (Path.GetFileNameWithoutExtension(file), file, Path.ChangeExtension(file, ".password"));

    // Whatever was reserved may have been signed, unless it is known that the signer was never called.
    private static async ValueTask<IReadOnlyList<(DateTimeOffset, Protocol.Usd)>> SignedByAsync(LedgerHost ledger, ReservationSigner signer) =>
        await ledger.QueryAsync(
            (books, now) => (IReadOnlyList<(DateTimeOffset, Protocol.Usd)>)[.. books.Payments
                .Where(payment => payment.State is not PaymentState.Aborted && payment.ReservedAt > now.AddDays(-2))
                .Select(payment => (payment.ReservedAt, payment.Facts.Value))],
            CancellationToken.None);
}
