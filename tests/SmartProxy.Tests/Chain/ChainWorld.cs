using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.AdminApi;
using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Chain;

/// <summary>A ledger on disk, a chain in memory, nodes of it, and the watch between them, all on one clock that a test moves.</summary>
internal sealed class ChainWorld : IAsyncDisposable
{
    public static readonly EvmAddress Asset = new(Enumerable.Repeat((byte)0x03, EvmAddress.Length).ToArray());
    public static readonly EvmAddress Wallet = new(Enumerable.Repeat((byte)0x22, EvmAddress.Length).ToArray());
    public static readonly EvmAddress Stranger = new(Enumerable.Repeat((byte)0x99, EvmAddress.Length).ToArray());

    private readonly TempFolder _folder;
    private int _made;

    private ChainWorld(TempFolder folder, OpenLedger ledger, int nodes)
    {
        (_folder, Ledger) = (folder, ledger);
        Chain = new FakeChain(Now);
        Nodes = [.. Enumerable.Range(0, nodes).Select(_ => new FakeNode(Chain))];
        Restart();
    }

    public OpenLedger Ledger { get; }

    /// <summary>The data folder.</summary>
    public string Folder => _folder.Path;

    public FakeChain Chain { get; }

    public IReadOnlyList<FakeNode> Nodes { get; }

    public WalletFunds Funds { get; private set; } = null!;

    public ChainAlarms Alarms { get; private set; } = null!;

    public Metrics Metrics { get; private set; } = null!;

    public ChainWatch Watch { get; private set; } = null!;

    public DateTimeOffset Now => Ledger.Time.GetUtcNow();

    public static async Task<ChainWorld> OpenAsync(int nodes = 1)
    {
        var folder = new TempFolder();
        return new ChainWorld(folder, await OpenLedger.OpenAsync(folder.Path), nodes);
    }

    /// <summary>The chain as all nodes agree to see it.</summary>
    public AgreedChain Agreed(int? confirmations = null) => new(Chain.Id, [.. Nodes.Select((node, index) => node.Rpc("node" + index))], confirmations);

    /// <summary>A watch that knows nothing but what the journal says, as after a start.</summary>
    public void Restart(int? confirmations = null)
    {
        (Funds, Metrics) = (new WalletFunds(), new Metrics());
        Alarms = new ChainAlarms(Metrics, NullLogger<ChainAlarms>.Instance);
        Watch = new ChainWatch(Agreed(confirmations), Ledger.Host, new ChainBook(Ledger.Host, Chain.Id), Funds, Alarms, [new WalletAccount(Asset, Wallet)], Ledger.Time);
    }

    /// <summary>A payment of a cent whose signature has left and whose answer never came; it can be used for a minute.</summary>
    public async Task<Reservation> KeptAsync(params BudgetLine[] lines)
    {
        var reservation = await SentAsync(lines);
        await Ledger.Host.RecordAsync(new LedgerEvent.InDoubt(reservation.Id, "no_answer", null, false));
        return reservation;
    }

    public async Task<Reservation> SentAsync(params BudgetLine[] lines)
    {
        var reserved = Assert.IsType<ReserveOutcome.Reserved>(await Ledger.ReserveAsync(++_made, lines: lines));
        await Ledger.Host.RecordAsync(new LedgerEvent.Sent(reserved.Reservation.Id));
        return reserved.Reservation;
    }

    /// <summary>The clock goes on, and the chain makes two blocks: what came before is final.</summary>
    public async Task<bool> PassAsync(double seconds)
    {
        Ledger.Time.Advance(TimeSpan.FromSeconds(seconds));
        Chain.Mine(Now);
        Chain.Mine(Now);
        return await SweepAsync();
    }

    public Task<bool> SweepAsync() => Watch.SweepAsync(TestContext.Current.CancellationToken);

    public async Task<PaymentState> StateOfAsync(PaymentId id) => (await Ledger.PaymentsAsync())[id];

    /// <summary>Lines of a type that the journal holds.</summary>
    public IReadOnlyList<T> Recorded<T>()
        where T : LedgerEvent =>
        [.. Ledger.Host.ReadAfter(0).Select(line => (line.Entry as JournalEntry.Recorded)?.Event).OfType<T>()];

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        _folder.Dispose();
    }
}
