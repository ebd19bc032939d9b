using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.AdminApi;
using SmartProxy.Chain;
using SmartProxy.Drill;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;
using SmartProxy.Wallet;

namespace SmartProxy.Tests.Simulation;

/// <summary>Everything that outlives a process: clocks, disk, chain, sellers and what they have got, and the promises that are kept to all of them.</summary>
internal sealed class SimulatedWorld
{
    private static readonly DateTimeOffset Start = new(2026, 3, 27, 22, 30, 0, TimeSpan.Zero);

    private readonly List<TaskCompletionSource<SellerConduct>> _hanging = [];
    private readonly Dictionary<string, string> _signatures = [];
    private DateTimeOffset _booted = Start;

    public SimulatedWorld(Random chance, FolderLock folder, bool isReal)
    {
        (Chance, Folder, Key) = (chance, folder, new SimulatedKey(isReal));
        (Bytes, Disk, Time) = (new SeededRandom(chance.Next()), new MemoryDisk(chance), new FakeTimeProvider(Start));
        Promises = new Promises(Disk);
        Mint = new SimulatedMint(Start, Key.Recover, SimulatedKey.Address, Promises, Time.GetUtcNow, nodes: chance.Next(8) == 0 ? 2 : 1);
        Boot = new BootTime(this);
    }

    public Random Chance { get; }

    public FolderLock Folder { get; }

    public SeededRandom Bytes { get; }

    public Metrics Metrics { get; } = new();

    public SimulatedKey Key { get; }

    public MemoryDisk Disk { get; }

    /// <summary>This machine's wall clock.</summary>
    public FakeTimeProvider Time { get; }

    public IBootClock Boot { get; }

    public Promises Promises { get; }

    public SimulatedMint Mint { get; }

    /// <summary>The process, while there is one.</summary>
    public SimulatedProxy? Process { get; set; }

    /// <summary>How far the wall clock is ahead of the truth.</summary>
    public TimeSpan Skew { get; private set; }

    /// <summary>Everything that happened, so that histories in which something never happens are noticed.</summary>
    public HashSet<string> Seen { get; } = [];

    /// <summary>Requests whose seller has not answered yet.</summary>
    public int Hanging => _hanging.Count;

    /// <summary>The agents for whom an acknowledged freeze is in force; an empty name stands for everyone.</summary>
    public HashSet<string> Frozen { get; } = [];

    /// <summary>Time goes on, everywhere.</summary>
    public void Pass(TimeSpan time)
    {
        _booted += time;
        Mint.Pass(time, blocks: 2);
        Time.Advance(time);
    }

    /// <summary>Somebody sets the wall clock.</summary>
    public void SetClock(TimeSpan skew)
    {
        Time.AdjustTime(Time.GetUtcNow() + skew - Skew);
        Skew = skew;
    }

    /// <summary>A signature is captured where it is made.</summary>
    public Promises.Signed Sign(PaymentId id, SimulatedCall call, SignOutcome.Signed signed)
    {
        var terms = signed.Authorization.Terms;
        var isFrozen = Frozen.Contains("") || Frozen.Contains(call.Purchase.Agent);
        if (Process?.Ledger.Health.Trouble is not null || isFrozen)
        {
            throw new BrokenPromiseException($"{id} was signed {(isFrozen ? "after a freeze" : "after the journal failed")}");
        }

        if (terms.Value.Units != call.Terms.Units || terms.To != call.Terms.PayTo)
        {
            throw new BrokenPromiseException($"{id} is of {terms.Value} to {terms.To}, and the seller asked for {call.Terms}");
        }

        _signatures[signed.Authorization.Nonce.ToString()] = signed.Signature;
        var made = Promises.Sign(id, call.Purchase, signed.Authorization, Mint.Now, call.LongestValidity);
        Seen.UnionWith(["signed", made.NeedsPerson ? "used an agreement" : "signed", made.Beyond.Values.Any(beyond => beyond > 0) ? "used a grant" : "signed"]);
        return made;
    }

    /// <summary>A seller gets a payment header, and keeps what it can use.</summary>
    public Promises.Signed Receive(string header)
    {
        using var document = JsonDocument.Parse(Convert.FromBase64String(header));
        var nonce = document.RootElement.GetProperty("payload").GetProperty("authorization").GetProperty("nonce").GetString();
        return Promises.All.First(signed => signed.Authorization.Nonce.ToString() == nonce);
    }

    /// <summary>What the seller does; at once, or when it pleases.</summary>
    public async Task<SellerConduct> ConductAsync()
    {
        if (Chance.Next(3) > 0)
        {
            return NextConduct();
        }

        var gate = new TaskCompletionSource<SellerConduct>(TaskCreationOptions.RunContinuationsAsynchronously);
        _hanging.Add(gate);
        return await gate.Task;
    }

    public void Answer()
    {
        var gate = _hanging[Chance.Next(_hanging.Count)];
        _hanging.Remove(gate);
        gate.SetResult(NextConduct());
    }

    public void ForgetCalls() => _hanging.Clear();

    /// <summary>Hands a signature in. Why the contract refuses, or null.</summary>
    public string? Settle(Promises.Signed signed)
    {
        var objection = Mint.Settle(signed.Authorization, _signatures[signed.Authorization.Nonce.ToString()]);
        Seen.Add(objection ?? "settled");
        return objection;
    }

    /// <summary>What becomes of a signature that some seller has kept, some time later.</summary>
    public void UseKept()
    {
        var signed = Promises.All[Chance.Next(Promises.All.Count)];
        switch (Chance.Next(24))
        {
            case 0:
                signed.IsBurnt |= signed.Charged is null && Mint.Cancel(signed.Authorization);
                break;
            case 1:
                signed.IsBurnt |= signed.Charged is null && Mint.Misreport(signed.Authorization);
                break;
            default:
                Settle(signed);
                break;
        }
    }

    private SellerConduct NextConduct()
    {
        var conduct = Chance.Next(3) == 0 ? SellerConduct.Deliver : (SellerConduct)Chance.Next(Enum.GetValues<SellerConduct>().Length);
        Seen.Add(conduct.ToString());
        return conduct;
    }

    private sealed class BootTime(SimulatedWorld world) : IBootClock
    {
        public TimeSpan Elapsed => world._booted - Start;
    }
}
