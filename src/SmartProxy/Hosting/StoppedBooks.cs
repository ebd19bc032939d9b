using SmartProxy.AdminApi;
using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Storage;

namespace SmartProxy.Hosting;

/// <summary>The books of a stopped system, for commands that ask more than one thing: under the folder's lock until they are disposed.</summary>
internal sealed class StoppedBooks : IStoppedBooks
{
    private readonly DataFolder _data;
    private readonly FolderLock _folder;
    private readonly LedgerHost _ledger;

    private StoppedBooks(DataFolder data, FolderLock folder, LedgerHost ledger) => (_data, _folder, _ledger, Books) = (data, folder, ledger, new JournalBooks(ledger));

    public IOperatorBooks Books { get; }

    /// <exception cref="OperatorException">Another process holds the folder.</exception>
    public static IStoppedBooks Open(DataFolder data)
    {
        _ = InstallationFile.Load(data);
        FolderLock? folder = null;
        try
        {
            folder = FolderLock.Acquire(data.Path);
            return new StoppedBooks(data, folder, LedgerHost.Open(folder, TimeProvider.System, new SystemRandomSource()));
        }
        catch (LockedFolderException fault)
        {
            throw new OperatorException(fault.Message, OperatorException.Failed, fault);
        }
        catch
        {
            folder?.Dispose();
            throw;
        }
    }

    public ValueTask RecordAsync(LedgerEvent entry) => _ledger.RecordAsync(entry);

    public ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken) => _ledger.UsageAsync(lines, cancellationToken);

    public async ValueTask<string?> FindReceiptAsync(string id, CancellationToken cancellationToken)
    {
        using var keys = ReceiptKeys.Load(_data.ReceiptsKey);
        await using var readModel = LiteDbReadModel.Open(_data.Path, _ledger);
        await using var desk = new ReceiptDesk(_ledger, readModel, new ReceiptIssuer(keys, TimeProvider.System), Microsoft.Extensions.Logging.Abstractions.NullLogger<ReceiptDesk>.Instance);
        return (await desk.FindAsync(id, cancellationToken))?.Jws;
    }

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _folder.Dispose();
    }
}
