using System.Collections.Concurrent;
using System.Globalization;
using SmartProxy.Drill;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Simulation;

/// <summary>
/// Policy, books, journal, payment flow, wallet and chain watch together against the naive model. A failure names its seed, and the seed repeats it.
/// A million seeds with <c>SMARTPROXY_LONG=1</c>; one with <c>SMARTPROXY_SEED=N</c>.
/// </summary>
public sealed class WholeSimulationTests
{
    private const int Steps = 40;

    // One run in so many signs as the product does: a signature costs as much as a whole run.
    private const int RealEvery = 250;

    private const int MaxFailures = 5;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";
    private static readonly int? OnlySeed = int.TryParse(Environment.GetEnvironmentVariable("SMARTPROXY_SEED"), out var seed) ? seed : null;
    private static readonly int Seeds = int.TryParse(Environment.GetEnvironmentVariable("SMARTPROXY_SEEDS"), out var seeds) ? seeds : IsLong ? 1_000_000 : 10_000;

    // Threads of their own, and not all cores: other tests wait for the pool meanwhile.
    private static readonly int Threads = IsLong ? Environment.ProcessorCount : Math.Max(1, Environment.ProcessorCount / 2);

    [Fact]
    public void Nothing_that_sellers_agents_disks_clocks_and_operators_do_breaks_a_promise()
    {
        var (seen, failures) = (new ConcurrentDictionary<string, bool>(), new ConcurrentQueue<string>());
        var next = (OnlySeed ?? 0) - 1;
        var end = OnlySeed + 1 ?? Seeds;
        var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.True(failures.IsEmpty, string.Join('\n', failures));

        // Histories in which something never happens prove nothing about it.
        if (OnlySeed is null)
        {
            Assert.Superset(Expected, seen.Keys.ToHashSet());
        }

        void Work()
        {
            using var folder = new TempFolder();
            using var right = FolderLock.Acquire(folder.Path);
            while (Interlocked.Increment(ref next) is var seed && seed < end && failures.Count < MaxFailures)
            {
                if (Run(seed, right, seen) is { } failure)
                {
                    failures.Enqueue(failure);
                }
            }
        }
    }

    private static HashSet<string> Expected =>
    [
        "signed", "settled", "authorization is used", "authorization is expired", "200", "500", "budget_exceeded", "count_exceeded", "payment_in_progress", "payment_in_doubt",
        "duplicate_payment", "idempotency_key_reuse", "recipient_changed", "amount_over_payment_limit", "payment_not_accepted", "payment_outcome_unknown", "paid_answer_lost",
        "validity_too_short", "frozen", "clock_skew", "ledger_unavailable", "restarted", "reload not recorded", "freeze not recorded", "clock jumped",
        "approval_pending", "approval_denied", "approved", "denied", "used an agreement", "granted", "revoked", "used a grant", "everyone frozen", "agent frozen",
        .. Enum.GetNames<Mishap>(), .. Enum.GetNames<SellerConduct>(),
    ];

    private static string? Run(int seed, FolderLock folder, ConcurrentDictionary<string, bool> seen)
    {
        var chance = new Random(seed);
        var world = new SimulatedWorld(chance, folder, isReal: seed % RealEvery == 0);
        try
        {
            var scheduler = new SeededScheduler(chance);
            scheduler.Run(() => new RandomLife(world, scheduler).LiveAsync(Steps));
            foreach (var what in world.Seen)
            {
                seen.TryAdd(what, true);
            }

            return null;
        }
        catch (Exception e)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"seed {seed}: {(e is BrokenPromiseException ? e.Message : e)}\n  repeat with: SMARTPROXY_SEED={seed} dotnet test tests/SmartProxy.Tests -- --filter-class {typeof(WholeSimulationTests).FullName}");
        }
    }
}
