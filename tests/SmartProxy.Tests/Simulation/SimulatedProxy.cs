using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.Tests.Payments;
using SmartProxy.Wallet;

namespace SmartProxy.Tests.Simulation;

/// <summary>One life of the proxy's process, composed of the real parts: policy, journal, books, payment flow, gated wallet, chain watch.</summary>
internal sealed class SimulatedProxy
{
    private static readonly byte[] QueryKey = new byte[QueryDigester.KeyLength];

    private readonly SimulatedWorld _world;
    private readonly RefusalDesk _refusals;
    private readonly ApprovalDesk _approvals;
    private readonly PaymentFlow _flow;

    private SimulatedProxy(SimulatedWorld world, MemoryDisk.Session disk, LedgerHost ledger)
    {
        (_world, Disk, Ledger) = (world, disk, ledger);
        ledger.Durable += lines => world.Promises.Take(lines, world.Mint.Now);
        var (time, random) = (world.Time, world.Bytes);
        View = new FlowKit.SwappablePolicy(null);
        var (funds, metrics, book) = (new WalletFunds(), world.Metrics, new ChainBook(ledger, SimulatedMint.Id));
        Alarms = new ChainAlarms(metrics, NullLogger<ChainAlarms>.Instance);
        Watch = new ChainWatch(world.Mint.Connect(), ledger, book, funds, Alarms, [new WalletAccount(FlowKit.Usdc, SimulatedKey.Address)], time);
        var keeper = new ChainKeeper([new KeptChain(Watch, TimeSpan.FromMinutes(1))], time, NullLogger<ChainKeeper>.Instance);
        Clock = new ClockWatch(time, world.Boot, ledger, NullLogger<ClockWatch>.Instance);
        var reservations = new LedgerReservations(ledger);
        var signer = new SimulatedSigner(world.Key.Signer(reservations, time), world.Key, reservations, this, time);
        var wallets = new Wallets(new Dictionary<string, IWallet> { ["main"] = new GatedWallet(signer, ledger, Clock, keeper, funds, time) });
        var (queries, presented) = (new QueryDigester(QueryKey), new PresentedPayments(time));
        var claims = new Claims(View, ledger, wallets, queries, presented, random, time);
        _approvals = new ApprovalDesk(ledger, random, time, NullLogger<ApprovalDesk>.Instance);
        _refusals = new RefusalDesk(ledger, View, queries, random, time, NullLogger<RefusalDesk>.Instance);
        _flow = new PaymentFlow(
            claims, _approvals, new QuoteDesk(claims, new LedgerForesight(ledger)), ledger, new PolicyNetworks(() => null), _refusals, presented, new SellerPapers(time), metrics, NullLogger<PaymentFlow>.Instance);
    }

    public MemoryDisk.Session Disk { get; }

    public LedgerHost Ledger { get; }

    public FlowKit.SwappablePolicy View { get; }

    public ChainWatch Watch { get; }

    public ChainAlarms Alarms { get; }

    public ClockWatch Clock { get; }

    public bool IsDead => Disk.IsDead;

    /// <exception cref="LedgerUnavailableException">The disk failed at the start.</exception>
    public static SimulatedProxy Start(SimulatedWorld world, MemoryDisk.Session disk) =>
        new(world, disk, LedgerHost.Open(world.Folder, world.Time, world.Bytes, disk, scheduler: TaskScheduler.Current));

    /// <summary>As at every start and reload: on record first, then in force.</summary>
    public async Task ActivateAsync(SimulatedPolicy policy)
    {
        if (Ledger.Health.PolicyHash != policy.Set.Hash)
        {
            await Ledger.RecordAsync(new LedgerEvent.PolicyActivated(policy.Set.Hash, policy.Set.Text, "[]", "reload"));
        }

        View.Swap(policy.Set);
    }

    public async Task ServeAsync(SimulatedCall call)
    {
        SimulatedCall.Current.Value = call;
        await BreatheAsync();
        await _flow.RunAsync(call);
    }

    /// <summary>A moment in which others go on; whoever belongs to a dead process never does.</summary>
    public async Task BreatheAsync()
    {
        await Task.Yield();
        await DieIfDeadAsync();
    }

    public Task DieIfDeadAsync() => IsDead ? new TaskCompletionSource().Task : Task.CompletedTask;

    public void Captured(PaymentId id, SignOutcome.Signed signed)
    {
        var call = SimulatedCall.Current.Value!;
        call.Signed = _world.Sign(id, call, signed);
    }

    /// <summary>What the machine keeps of a process that is gone: nothing.</summary>
    public void Bury()
    {
        Disk.Kill();
        _refusals.Dispose();
        _approvals.Dispose();
    }
}
