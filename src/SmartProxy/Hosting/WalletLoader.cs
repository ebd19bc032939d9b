using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Storage;
using SmartProxy.Wallet;
using SmartProxy.Wallet.Keys;

namespace SmartProxy.Hosting;

/// <summary>Opens every wallet of an installation, and lets each signer count what was signed before.</summary>
internal static class WalletLoader
{
    /// <summary>A raw key in hex, only with <c>--insecure-dev-key</c>: every process of the user can read another one's environment.</summary>
    public const string DevKeyVariable = "SMARTPROXY_DEV_KEY";

    private const string DevWallet = "main";

    /// <exception cref="OperatorException">A wallet can't be opened, or there is none.</exception>
    public static async ValueTask<Wallets> LoadAsync(RunSettings settings, LedgerHost ledger, TimeProvider time)
    {
        var keys = settings.UsesDevKey ? [(DevWallet, ReadDevKey())] : OpenAll(settings);
        var caps = new SignerCaps { PerPayment = settings.Options.Signer.MaxPayment, PerDay = settings.Options.Signer.MaxDay };
        var reservations = new LedgerReservations(ledger);
        var wallets = new Dictionary<string, IWallet>(StringComparer.Ordinal);
        var signed = await SignedAsync(ledger);
        foreach (var (name, key) in keys)
        {
            var signer = new ReservationSigner(key, reservations, caps, time);
            signer.Prime(signed);
            wallets.Add(name, signer);
        }

        return new Wallets(wallets);
    }

    private static List<(string Name, SecretKey Key)> OpenAll(RunSettings settings)
    {
        var files = settings.Options.Wallets.Count > 0
            ? settings.Options.Wallets.Select(wallet => (Name: wallet.Key, wallet.Value.Keystore, wallet.Value.PasswordFile)).ToList()
            : [.. Directory.GetFiles(settings.Data.Wallets, "*.json").Order(StringComparer.Ordinal).Select(InFolder)];
        if (files.Count == 0)
        {
            throw new OperatorException($"there is no wallet in `{settings.Data.Wallets}`; make one with `smartproxy wallet new main`, or name one in the setting SmartProxy:Wallets");
        }

        return [.. files.Select(file => (file.Name, KeyFiles.Open(file.Keystore, file.PasswordFile)))];
    }

    private static SecretKey ReadDevKey() =>
        SecretKey.TryParse(Environment.GetEnvironmentVariable(DevKeyVariable), out var key)
            ? key!
            : throw new OperatorException($"--insecure-dev-key wants a raw key (`0x` and 64 hex digits) in the environment variable {DevKeyVariable}; set it, or leave the flag away and use a wallet");

    private static (string Name, string Keystore, string PasswordFile) InFolder(string file) =>
        (Path.GetFileNameWithoutExtension(file), file, Path.ChangeExtension(file, ".password"));

    // Whatever was reserved may have been signed, unless it is known that the signer was never called. After a restart each of several signers
    // counts what any of them signed that day: too strict, never too loose.
    private static async ValueTask<IReadOnlyList<(DateTimeOffset, Protocol.Usd)>> SignedAsync(LedgerHost ledger) =>
        await ledger.QueryAsync(
            (books, now) => (IReadOnlyList<(DateTimeOffset, Protocol.Usd)>)[.. books.Payments
                .Where(payment => payment.State is not PaymentState.Aborted && payment.ReservedAt > now.AddDays(-2))
                .Select(payment => (payment.ReservedAt, payment.Facts.Value))],
            CancellationToken.None);
}
