using SmartProxy.AdminApi;
using SmartProxy.Chain;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using PaymentQuery = SmartProxy.AdminApi.PaymentQuery;

namespace SmartProxy.Hosting;

/// <summary>The books of a stopped system, for commands: under the folder's lock, and closed again at once.</summary>
internal static class OfflineBooks
{
    /// <summary>The first line of a new journal, so that one that is missing later is noticed.</summary>
    public static async ValueTask CreateLedgerAsync(DataFolder data) => await UseAsync(data, static _ => new ValueTask<bool>(true));

    public static async ValueTask RecordAsync(DataFolder data, LedgerEvent entry, CancellationToken cancellationToken) =>
        await UseAsync(data, async ledger =>
        {
            await ledger.RecordAsync(entry);
            return true;
        });

    public static ValueTask<PaymentPage> SearchAsync(DataFolder data, PaymentQuery query, CancellationToken cancellationToken) => UseAsync(data, async ledger =>
    {
        await using var readModel = LiteDbReadModel.Open(data.Path, ledger);
        return await PaymentArchive.SearchAsync(readModel, query, cancellationToken);
    });

    /// <exception cref="OperatorException">It may not be voided; the message says why.</exception>
    public static async ValueTask VoidAsync(DataFolder data, PaymentId payment, string reason, CancellationToken cancellationToken) => await UseAsync(data, async ledger =>
        await VoidOrder.Offline(ledger, TimeProvider.System).RunAsync(payment, People.Offline, reason, cancellationToken) is { } objection
            ? throw new OperatorException(objection.Detail, OperatorException.Failed)
            : true);

    private static async ValueTask<T> UseAsync<T>(DataFolder data, Func<LedgerHost, ValueTask<T>> work)
    {
        try
        {
            using var folder = FolderLock.Acquire(data.Path);
            await using var ledger = LedgerHost.Open(folder, TimeProvider.System, new SystemRandomSource());
            return await work(ledger);
        }
        catch (LockedFolderException fault)
        {
            throw new OperatorException(fault.Message, OperatorException.Failed, fault);
        }
    }
}
