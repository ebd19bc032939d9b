using System.Globalization;
using SmartProxy.Drill;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Simulation;

/// <summary>
/// One life by chance: agents ask, sellers do what they like, time passes, the disk fails, the process is killed and started again, operators change the
/// policy, freeze and set the clock. After every step the promises are asked.
/// </summary>
internal sealed class RandomLife(SimulatedWorld world, SeededScheduler scheduler)
{
    private static readonly string[] Agents = ["x", "y", "z"];
    private static readonly (string Name, EvmAddress PayTo)[] Sellers = [("a", Wallet('a')), ("b", Wallet('b')), ("c", Wallet('c'))];

    private readonly Random _chance = world.Chance;
    private readonly List<Purchase> _purchases = [];
    private readonly List<Task> _running = [];
    private readonly SimulatedOperator _operator = new(world);
    private readonly SimulatedPeople _people = new(world);
    private bool _isSweeping;

    public async Task LiveAsync(int steps)
    {
        await _operator.StartAsync();
        for (var step = 0; step < steps; step++)
        {
            await StepAsync();
            await LookAsync(isThorough: step % 8 == 7);
        }

        await EndAsync();
    }

    private async Task StepAsync()
    {
        if (world.Process!.IsDead || (world.Process.Ledger.Health.Trouble is not null && _chance.Next(4) == 0))
        {
            await RestartAsync();
            return;
        }

        switch (_chance.Next(100))
        {
            case < 41:
                Ask();
                break;
            case < 52:
                Do(world.Hanging > 0, world.Answer);
                break;
            case < 61:
                Do(world.Promises.All.Count > 0, world.UseKept);
                break;
            case < 71:
                world.Pass(TimeSpan.FromSeconds(_chance.Next(1, 25)));
                break;
            case < 75:
                world.Pass(TimeSpan.FromSeconds(_chance.Next(60, 700)));
                break;
            case < 78:
                world.Pass(UntilNearMidnight());
                break;
            case < 82:
                Sweep();
                break;
            case < 86:
                await _operator.ReloadAsync();
                break;
            case < 88:
                _operator.PlanMishap();
                break;
            case < 89:
                await RestartAsync();
                break;
            case < 91:
                world.SetClock(TimeSpan.FromSeconds(_chance.Next(-25, 26)));
                break;
            case < 95:
                await _people.AnswerAsync();
                break;
            case < 97:
                await _people.GrantAsync();
                break;
            case < 98:
                await _people.RevokeAsync();
                break;
            default:
                await _operator.OperateAsync();
                break;
        }
    }

    /// <summary>Runs until everything waits, or not; then asks the promises.</summary>
    private async Task LookAsync(bool isThorough)
    {
        if (isThorough || _chance.Next(3) > 0)
        {
            await scheduler.IdleAsync();
        }

        foreach (var ended in _running.Where(task => task.IsCompleted).ToList())
        {
            _running.Remove(ended);
            await ended;
        }

        if (isThorough && world.Process is { IsDead: false, Ledger.Health.Trouble: null } process)
        {
            await CompareAsync(process);
        }
    }

    private async Task CompareAsync(SimulatedProxy process)
    {
        var lines = Agents.SelectMany(agent => process.View.LinesOf(new AgentId(agent)).Select(line => (agent, line))).ToList();
        await process.Ledger.QueryAsync(
            (books, now) =>
            {
                world.Promises.Compare(books, world.Mint.Now);
                world.Promises.CompareTotals(line => books.Usage(line, now), lines);
                return 0;
            },
            CancellationToken.None);
    }

    private void Ask()
    {
        var purchase = _purchases.Count > 0 && _chance.Next(2) == 0 ? _purchases[_chance.Next(Math.Max(0, _purchases.Count - 4), _purchases.Count)] : NewPurchase();
        _purchases.Add(purchase);
        var number = Array.FindIndex(Sellers, seller => seller.Name == purchase.Seller);
        var amount = (ulong)(((number * 7) + (purchase.Path.Length * 3)) % 5 + 1) * 5_000;
        var terms = new SellerTerms(SimulatedMint.Usdc, _chance.Next(8) == 0 ? amount * 3 : amount, _chance.Next(16) == 0 ? SellerTerms.Stranger : Sellers[number].PayTo, _chance.Next(5, 300));
        var process = world.Process!;
        _running.Add(AskAsync(process, new SimulatedCall(world, process, purchase, terms)));
    }

    private async Task AskAsync(SimulatedProxy process, SimulatedCall call)
    {
        await process.ServeAsync(call);
        world.Seen.Add(call.Answer ?? "no answer");
    }

    private Purchase NewPurchase() => new(
        Agents[_chance.Next(Agents.Length)],
        Sellers[_chance.Next(Sellers.Length)].Name,
        _chance.Next(3) == 0 ? "POST" : "GET",
        "/" + new string('p', _chance.Next(1, 4)),
        _chance.Next(4) == 0 ? string.Create(CultureInfo.InvariantCulture, $"k{_chance.Next(4)}") : null);

    private void Sweep()
    {
        foreach (var node in world.Mint.Nodes)
        {
            (node.Unfinal, node.Behind) = (_chance.Next(1, 4), _chance.Next(4) == 0 ? 1 : 0);
        }

        if (!_isSweeping)
        {
            _running.Add(SweepAsync(world.Process!));
        }
    }

    private async Task SweepAsync(SimulatedProxy process)
    {
        _isSweeping = true;
        try
        {
            await process.Watch.SweepAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerInvariantException or IOException)
        {
            // The journal failed under it; or a payment moved between look and record, and the next sweep sees it as it is.
            world.Seen.Add("sweep ended early");
        }
        finally
        {
            _isSweeping = false;
        }
    }

    private async Task RestartAsync()
    {
        _running.Clear();
        _isSweeping = false;
        await _operator.RestartAsync();
    }

    // The truth comes out: clocks right, nodes honest, all validity over.
    private async Task EndAsync()
    {
        world.Process!.Disk.Plan(default, int.MaxValue);
        await scheduler.IdleAsync();
        if (world.Process is { IsDead: true } or { Ledger.Health.Trouble: not null })
        {
            await RestartAsync();
        }

        world.SetClock(TimeSpan.Zero);
        for (var wait = 0; wait < 8; wait++)
        {
            world.Pass(TimeSpan.FromSeconds(1));
            await scheduler.IdleAsync();
        }

        world.Pass(TimeSpan.FromMinutes(10));
        foreach (var node in world.Mint.Nodes)
        {
            (node.Unfinal, node.Behind) = (1, 0);
        }

        await scheduler.IdleAsync();
        if (!await world.Process!.Watch.SweepAsync(CancellationToken.None))
        {
            throw new BrokenPromiseException($"an honest node is not believed: {string.Join("; ", world.Process.Alarms.Standing)}");
        }

        await LookAsync(isThorough: true);
        await world.Process!.Ledger.QueryAsync((books, _) => { world.Promises.RequireFinal(books); return 0; }, CancellationToken.None);
        world.Process.Bury();
    }

    private TimeSpan UntilNearMidnight()
    {
        var local = TimeZoneInfo.ConvertTime(world.Time.GetUtcNow(), _operator.File.Zone);
        var left = local.Date.AddDays(1) - local.DateTime - TimeSpan.FromSeconds(_chance.Next(0, 90));
        return left > TimeSpan.Zero ? left : TimeSpan.FromSeconds(_chance.Next(1, 90));
    }

    private static EvmAddress Wallet(char digit) => EvmAddress.Parse("0x" + new string(digit, 40));

    private static void Do(bool isPossible, Action what)
    {
        if (isPossible)
        {
            what();
        }
    }
}
