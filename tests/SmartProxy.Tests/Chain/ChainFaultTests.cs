using System.Text.Json.Nodes;
using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Chain;

/// <summary>Nodes that lie, lag, follow another branch or answer rubbish: nothing is proven, nothing is released, and an alarm says which.</summary>
public sealed class ChainFaultTests
{
    /// <summary>One of two nodes does this to its answers, or to itself.</summary>
    public static TheoryData<string, string> Faults => new()
    {
        { "other state", "disagreement" },
        { "hides the use", "disagreement" },
        { "other block", "disagreement" },
        { "other chain", "wrong_chain" },
        { "not asked for", "unreachable" },
        { "taken back", "unreachable" },
        { "twice", "unreachable" },
        { "huge", "unreachable" },
        { "too many", "unreachable" },
        { "no state", "unreachable" },
        { "silent", "unreachable" },
        { "behind", "lagging" },
    };

    [Theory, MemberData(nameof(Faults))]
    public async Task What_one_of_two_nodes_does_not_confirm_proves_nothing_and_releases_nothing(string how, string kind)
    {
        await using var world = await ChainWorld.OpenAsync(nodes: 2);
        var (used, dead) = (await world.KeptAsync(), await world.KeptAsync());
        Spoil(world, how, used);
        if (how != "other state" && how != "no state")
        {
            world.Chain.Use(used.Authorization);
        }

        world.Ledger.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.False(await world.PassAsync(2));

        Assert.Equal((PaymentState.InDoubt, PaymentState.InDoubt), (await world.StateOfAsync(used.Id), await world.StateOfAsync(dead.Id)));
        Assert.Equal(1, await ChainWatchTests.AlarmsAsync(world, kind));
        Assert.Contains(world.Alarms.Standing, alarm => alarm.Contains($"({kind})", StringComparison.Ordinal));

        // Told once as long as it stands, and taken back when the nodes agree.
        Assert.False(await world.SweepAsync());
        Assert.Equal(1, await ChainWatchTests.AlarmsAsync(world, kind));
        (world.Nodes[1].Lie, world.Nodes[1].Behind, world.Nodes[1].Chain) = ((_, answer) => answer, 0, world.Chain);
        for (var sweep = 0; sweep < 20 && !await world.SweepAsync(); sweep++)
        {
            // A range that was too large is read in halves.
        }

        Assert.Empty(world.Alarms.Standing);
        Assert.Equal(PaymentState.Expired, await world.StateOfAsync(dead.Id));
    }

    [Fact]
    public async Task A_chain_that_makes_no_blocks_is_stale_and_says_so()
    {
        await using var world = await ChainWorld.OpenAsync();
        await world.KeptAsync();
        await world.PassAsync(2);
        world.Ledger.Time.Advance(ChainWatch.StaleAfter + TimeSpan.FromSeconds(1));
        Assert.False(await world.SweepAsync());
        Assert.Contains(world.Alarms.Standing, alarm => alarm.Contains("(stale)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_clock_that_is_far_ahead_of_the_chain_at_the_start_freezes_until_somebody_has_looked()
    {
        await using var world = await ChainWorld.OpenAsync();
        world.Ledger.Time.Advance(ChainWatch.StaleAfter + TimeSpan.FromSeconds(1));
        Assert.False(await world.SweepAsync());
        Assert.StartsWith("clock: at the start", world.Ledger.Host.FrozenReason(new AgentId("me")), StringComparison.Ordinal);

        await world.Ledger.Host.RecordAsync(new LedgerEvent.Unfrozen(null, "cli", "the chain stands still"));
        Assert.False(await world.SweepAsync());
        Assert.Null(world.Ledger.Host.FrozenReason(new AgentId("me")));
    }

    [Fact]
    public async Task A_stale_head_releases_nothing_also_when_it_is_late_enough()
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        world.Ledger.Time.Advance(TimeSpan.FromMinutes(2));
        world.Chain.Mine(world.Now);
        world.Chain.Mine(world.Now);
        world.Ledger.Time.Advance(TimeSpan.FromHours(5));
        Assert.False(await world.SweepAsync());
        Assert.Equal(PaymentState.InDoubt, await world.StateOfAsync(kept.Id));
    }

    [Fact]
    public async Task Final_is_what_is_final_for_all()
    {
        await using var world = await ChainWorld.OpenAsync(nodes: 2);
        var kept = await world.KeptAsync();
        await world.PassAsync(2);
        (world.Nodes[0].Unfinal, world.Nodes[1].Unfinal) = (0, 2); // the second calls only blocks before validBefore final
        world.Ledger.Time.Advance(TimeSpan.FromMinutes(2));
        world.Chain.Mine(world.Now);
        world.Chain.Mine(world.Now);
        Assert.True(await world.SweepAsync());
        Assert.Equal(PaymentState.InDoubt, await world.StateOfAsync(kept.Id));
    }

    [Fact]
    public async Task A_final_head_that_goes_back_releases_nothing()
    {
        await using var world = await ChainWorld.OpenAsync();
        await world.PassAsync(2);
        world.Nodes[0].Unfinal = 2;
        Assert.False(await world.SweepAsync());
        Assert.Contains(world.Alarms.Standing, alarm => alarm.Contains("(lagging)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reorganisation_of_final_blocks_is_told_and_read_again_and_a_released_payment_that_settles_there_freezes()
    {
        await using var world = await ChainWorld.OpenAsync();
        var kept = await world.KeptAsync();
        var fork = world.Chain.Fork("other", 1);
        await world.PassAsync(61);
        Assert.Equal(PaymentState.Expired, await world.StateOfAsync(kept.Id));

        // The branch that stays has the payment in it, before its end of validity.
        fork.Use(kept.Authorization);
        fork.Mine(world.Now.AddSeconds(-30));
        fork.Mine(world.Now);
        fork.Mine(world.Now);
        world.Nodes[0].Chain = fork;
        Assert.False(await world.SweepAsync());
        Assert.Equal(1, await ChainWatchTests.AlarmsAsync(world, "reorganized"));

        Assert.True(await world.SweepAsync());
        Assert.StartsWith("drift", world.Ledger.Host.Freeze.Everyone, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unproven_use_of_a_branch_that_is_gone_is_forgotten()
    {
        await using var world = await ChainWorld.OpenAsync();
        var sent = await world.SentAsync();
        var fork = world.Chain.Fork("other", 1);
        world.Chain.Use(sent.Authorization);
        await world.PassAsync(2); // found, and not booked while the answer is under way

        fork.Mine(world.Now);
        fork.Mine(world.Now);
        fork.Mine(world.Now);
        world.Nodes[0].Chain = fork;
        Assert.False(await world.SweepAsync());
        await world.Ledger.Host.RecordAsync(new LedgerEvent.InDoubt(sent.Id, "no_answer", null, false));
        Assert.True(await world.SweepAsync());
        Assert.Equal(PaymentState.InDoubt, await world.StateOfAsync(sent.Id));
    }

    [Fact]
    public async Task Test_networks_may_count_confirmations()
    {
        await using var world = await ChainWorld.OpenAsync();
        world.Restart(confirmations: 3);
        var kept = await world.KeptAsync();
        world.Chain.Use(kept.Authorization);
        await world.PassAsync(1);
        world.Chain.Mine(world.Now);
        await world.SweepAsync();
        Assert.Equal(PaymentState.InDoubt, await world.StateOfAsync(kept.Id)); // two on top
        world.Chain.Mine(world.Now);
        await world.SweepAsync();
        Assert.Equal(PaymentState.Proven, await world.StateOfAsync(kept.Id));
    }

    private static void Spoil(ChainWorld world, string how, Reservation used)
    {
        var node = world.Nodes[1];
        node.Lie = (method, answer) => (how, method) switch
        {
            ("other state", "eth_call") => FakeChain.Word(1),
            ("no state", "eth_call") => "0x",
            ("hides the use", "eth_getLogs") => new JsonArray(),
            ("other chain", "eth_chainId") => "0x1",
            ("not asked for", "eth_getLogs") => Change(answer, log => log["topics"]![1] = EthJson.WordOf(ChainWorld.Stranger).ToString()),
            ("taken back", "eth_getLogs") => Change(answer, log => log["removed"] = true),
            ("twice", "eth_getLogs") => new JsonArray([.. answer.AsArray().Concat(answer.AsArray()).Select(log => log!.DeepClone())]),
            ("huge", "eth_getLogs") => new string('0', 2 << 20),
            ("too many", "eth_getLogs") => new JsonArray([.. Enumerable.Range(0, EthRpc.MaxLogs + 1).Select(_ => (JsonNode)0)]),
            ("silent", "eth_getBlockByNumber") => null,
            _ => answer,
        };
        node.Behind = how == "behind" ? 2 : 0;
        if (how == "other block")
        {
            node.Chain = world.Chain.Fork("other", 1);
            node.Chain.Use(used.Authorization);
            node.Chain.Mine(world.Now.AddMinutes(10));
            node.Chain.Mine(world.Now.AddMinutes(10));
        }

    }

    private static JsonNode Change(JsonNode logs, Action<JsonNode> change)
    {
        foreach (var log in logs.AsArray())
        {
            change(log!);
        }

        return logs;
    }
}
