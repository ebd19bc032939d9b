using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Simulation;

/// <summary>What operators and machines do by chance: reload policies, freeze, set clocks, fail, end and start again. What was acknowledged to them must hold.</summary>
internal sealed class SimulatedOperator(SimulatedWorld world)
{
    private readonly Random _chance = world.Chance;
    private readonly HashSet<Bytes32> _mayBeInForce = [];
    private DateTimeOffset _latest;

    /// <summary>The policy as the file says it.</summary>
    public SimulatedPolicy File { get; private set; } = SimulatedPolicy.By(world.Chance);

    public async Task ReloadAsync()
    {
        File = SimulatedPolicy.By(_chance);
        await ActivateAsync(world.Process!);
    }

    private async Task ActivateAsync(SimulatedProxy process)
    {
        world.Promises.Know(File);
        _mayBeInForce.Add(File.Set.Hash);
        try
        {
            await process.ActivateAsync(File);
            _mayBeInForce.Clear();
            _mayBeInForce.Add(File.Set.Hash);
        }
        catch (LedgerUnavailableException)
        {
            world.Seen.Add("reload not recorded");
        }
    }

    public void PlanMishap()
    {
        var mishap = (Mishap)_chance.Next(Enum.GetValues<Mishap>().Length);
        world.Seen.Add(mishap.ToString());
        world.Process!.Disk.Plan(mishap, _chance.Next(1, 9));
    }

    // Whoever sets the clock right after it was ahead waits until it has passed what the books have seen: they never go back.
    public async Task OperateAsync()
    {
        switch (_chance.Next(5))
        {
            case 0:
                await FreezeAsync(null);
                break;
            case 1:
                await FreezeAsync(_chance.Next(2) == 0 ? "x" : "z");
                break;
            case 2:
                world.SetClock(TimeSpan.FromMinutes(_chance.Next(6, 3000)) * (_chance.Next(2) == 0 ? 1 : -1));
                world.Seen.Add("clock jumped");
                _latest = Later(_latest, world.Time.GetUtcNow());
                _ = world.Process!.Clock.Look();
                break;
            default:
                world.SetClock(TimeSpan.Zero);
                _ = world.Process!.Clock.Look();
                if (world.Time.GetUtcNow() >= _latest)
                {
                    await UnfreezeAsync();
                }

                break;
        }
    }

    private async Task FreezeAsync(string? agent)
    {
        if (await RecordAsync(new LedgerEvent.Frozen(agent is null ? null : new AgentId(agent), "operator", "test")))
        {
            world.Frozen.Add(agent ?? "");
            world.Seen.Add(agent is null ? "everyone frozen" : "agent frozen");
        }
    }

    private async Task UnfreezeAsync()
    {
        foreach (var agent in world.Frozen.Append("").Distinct().ToList())
        {
            world.Frozen.Remove(agent);
            await RecordAsync(new LedgerEvent.Unfrozen(agent.Length == 0 ? null : new AgentId(agent), "operator", "looked"));
        }
    }

    private async Task<bool> RecordAsync(LedgerEvent entry)
    {
        try
        {
            await world.Process!.Ledger.RecordAsync(entry);
            return true;
        }
        catch (LedgerUnavailableException)
        {
            world.Seen.Add("freeze not recorded");
            return false;
        }
    }

    // A machine that starts asks for the time first: nothing in the process could tell that it is wrong.
    public async Task RestartAsync()
    {
        world.SetClock(world.Skew.Duration() > TimeSpan.FromMinutes(1) ? TimeSpan.Zero : world.Skew);
        if (_chance.Next(4) == 0 && !world.Process!.IsDead)
        {
            await world.Process.Ledger.DisposeAsync();
        }

        world.Process!.Bury();
        world.ForgetCalls();
        if (_chance.Next(2) == 0)
        {
            world.Disk.LosePower();
        }

        world.Seen.Add("restarted");
        await StartAsync();
    }

    public async Task StartAsync()
    {
        for (var hasMishap = _chance.Next(6) == 0; world.Process is null or { IsDead: true }; hasMishap = false)
        {
            var disk = world.Disk.Mount();
            disk.Plan((Mishap)_chance.Next(Enum.GetValues<Mishap>().Length), hasMishap ? _chance.Next(1, 4) : int.MaxValue);
            try
            {
                world.Process = SimulatedProxy.Start(world, disk);
                disk.Plan(default, int.MaxValue);
            }
            catch (LedgerUnavailableException e)
            {
                disk.Kill();
                if (!hasMishap)
                {
                    throw new BrokenPromiseException($"the ledger does not start: {e.Message}");
                }
            }
        }

        await CheckStartAsync(world.Process!);
    }

    private async Task CheckStartAsync(SimulatedProxy process)
    {
        if (process.Ledger.Health.PolicyHash is { } hash ? !_mayBeInForce.Contains(hash) : world.Promises.All.Count > 0)
        {
            throw new BrokenPromiseException("the policy in force was acknowledged and is lost");
        }

        if (world.Frozen.Any(agent => agent.Length == 0 ? process.Ledger.Freeze.Everyone is null : !process.Ledger.Freeze.Agents.ContainsKey(new AgentId(agent))))
        {
            throw new BrokenPromiseException("a freeze was acknowledged and is lost");
        }

        world.Promises.Started(process.Ledger.Health);
        await process.Ledger.QueryAsync((books, _) => { world.Promises.Compare(books, world.Mint.Now); return 0; }, CancellationToken.None);
        await ActivateAsync(process);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
