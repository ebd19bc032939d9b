using Microsoft.Extensions.Time.Testing;
using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>A ledger that is open on a folder, as a process would have it.</summary>
internal sealed class OpenLedger : IAsyncDisposable
{
    private readonly FolderLock _folder;
    private readonly IDisk? _disk;

    private OpenLedger(FolderLock folder, LedgerHost host, FakeTimeProvider time, IDisk? disk) => (_folder, Host, Time, _disk) = (folder, host, time, disk);

    public LedgerHost Host { get; }

    public FakeTimeProvider Time { get; }

    /// <summary>Opens, and activates a policy if none is in force.</summary>
    public static async Task<OpenLedger> OpenAsync(string folder, IDisk? disk = null, DateTimeOffset? now = null, LedgerOptions? options = null)
    {
        var time = new FakeTimeProvider(now ?? new DateTimeOffset(2026, 3, 2, 10, 0, 0, TimeSpan.Zero));
        var right = FolderLock.Acquire(folder);
        try
        {
            var host = LedgerHost.Open(right, time, new SeededRandom(folder.Length), disk, options);
            if (host.Health.PolicyHash is null)
            {
                await host.RecordAsync(Purchases.PolicyActivated);
            }

            return new OpenLedger(right, host, time, disk);
        }
        catch
        {
            right.Dispose();
            throw;
        }
    }

    public async Task<PaymentId> PayAsync(int number, params BudgetLine[] lines)
    {
        var outcome = await ReserveAsync(number, lines: lines);
        return Assert.IsType<ReserveOutcome.Reserved>(outcome).Reservation.Id;
    }

    public Task<ReserveOutcome> ReserveAsync(int number, string agent = "me", params BudgetLine[] lines) =>
        Host.ReserveAsync(Purchases.Request(number, Time.GetUtcNow(), agent, lines: lines), TestContext.Current.CancellationToken).AsTask();

    public Task<Dictionary<PaymentId, PaymentState>> PaymentsAsync() =>
        Host.QueryAsync((ledger, _) => ledger.Payments.ToDictionary(payment => payment.Id, payment => payment.State), TestContext.Current.CancellationToken).AsTask();

    public async ValueTask DisposeAsync()
    {
        // A test that failed at a closed gate must end, too.
        (_disk as GatedDisk)?.Release();
        await Host.DisposeAsync();
        _folder.Dispose();
    }
}
