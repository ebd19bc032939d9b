using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Identity;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Policies.Simulation;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Tests.Payments;

namespace SmartProxy.Tests.Policies;

/// <summary>A candidate beside the policy is asked and put on record, and whatever it says or does, the policy in force decides alone.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ShadowPolicyTests : IDisposable
{
    private readonly TempFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task What_the_candidate_would_have_said_is_on_record_with_every_decision()
    {
        var shadow = Shadow(FlowKit.OfOneAgent(""" "payment": "0.005" """));
        await using var kit = await FlowKit.CreateAsync(""" "day": "0.01" """, shadow);

        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));
        var refused = new ScriptedCall(FlowKit.Cent()) { Target = "/another" };
        await kit.Flow.RunAsync(refused);

        Assert.Equal("budget_exceeded", refused.Answered!.Reason);
        var hash = shadow.Health!.Hash!.Value;
        var expected = new ShadowSaying(hash, Allowed: false, "amount_over_payment_limit", "agents.me.limits.payment");
        Assert.Equal([expected, expected], await SayingsAsync(kit, 2));
    }

    [Fact]
    public async Task The_candidates_own_limits_are_asked_about_and_never_drawn_on()
    {
        var shadow = Shadow(FlowKit.OfOneAgent(""" "day": "0.02" """));
        await using var kit = await FlowKit.CreateAsync(""" "day": "1.00" """, shadow);

        for (var i = 0; i < 3; i++)
        {
            var call = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Target = $"/{i}" };
            await kit.Flow.RunAsync(call);
            Assert.Equal(200, call.Passed!.Value.Status);
        }

        var sayings = await SayingsAsync(kit, 3);
        Assert.Equal([true, true, false], sayings.Select(said => said!.Allowed));
        Assert.Equal((null, "budget_exceeded", "agents.me.limits.day"), (sayings[1]!.Reason, sayings[2]!.Reason, sayings[2]!.Rule));
    }

    /// <summary>The candidate's guards remember what was really paid: the first purchase is fine, the second is one that they would not have made.</summary>
    [Theory]
    [InlineData(""" "recipients": "any", "priceDrift": "50%" """, "dearer", "price_drift", "agents.me.priceDrift")]
    [InlineData(""" "recipients": "any", "loop": { "times": 1, "within": "1h" } """, "again", "request_loop", "agents.me.loop")]
    [InlineData(""" "recipients": "any", "breaker": { "failures": 1, "pause": "1h" } """, "after a failure", "merchant_suspended", "agents.me.breaker")]
    [InlineData(""" "recipients": "pin" """, "another recipient", "recipient_changed", "agents.me.allow[0] *")]
    [InlineData(""" "recipients": "any", "approval": { "above": "0.01" } """, "dearer", "approval_pending", "agents.me.approval")]
    [InlineData(""" "recipients": "any", "limits": { "each": { "recipient": { "day": "0.01" } } } """, "again", "budget_exceeded", "agents.me.limits.each.recipient.day")]
    public async Task The_candidates_guards_remember_what_was_really_paid(string candidate, string second, string reason, string rule)
    {
        var shadow = Shadow(Agent(candidate));
        await using var kit = await FlowKit.CreateAsync(shadow: shadow);
        await kit.ActivateAsync(FlowKit.Policy(Agent(""" "recipients": "pin" """)));

        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), second == "after a failure" ? Unpaid : FlowKit.Paid));
        await kit.ActivateAsync(FlowKit.Policy(Agent(""" "recipients": "any" """)));
        var offer = second switch
        {
            "dearer" => FlowKit.Challenge((20_000, "0x1111111111111111111111111111111111111111")),
            "another recipient" => FlowKit.Cent("0x2222222222222222222222222222222222222222"),
            _ => FlowKit.Cent(),
        };
        var call = new ScriptedCall(offer, FlowKit.Paid);
        await kit.Flow.RunAsync(call);

        Assert.Equal(200, call.Passed!.Value.Status);
        var sayings = await SayingsAsync(kit, 2);
        Assert.True(sayings[0]!.Allowed);
        Assert.Equal(new ShadowSaying(shadow.Health!.Hash!.Value, Allowed: false, reason, rule), sayings[1]);

        static string Agent(string members) => $$"""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], {{members}} } } }""";
        static ScriptedAnswer Unpaid(string payment) => ScriptedAnswer.Of(500, ("PAYMENT-RESPONSE", Convert.ToBase64String("""{"success":true,"transaction":"0xabc","network":"eip155:84532"}"""u8)));
    }

    /// <summary>The same words may mean other payments in the candidate: its sums are its own, and none of the live policy's is mixed up with them.</summary>
    [Fact]
    public async Task Sums_of_the_same_name_are_kept_apart()
    {
        const string live = """{ "networks": ["base-sepolia"], "groups": { "g": { "limits": { "day": "0.02" } } }, "agents": { "me": { "group": "g", "allow": ["*"] }, "you": { "allow": ["*"] } } }""";
        var shadow = Shadow(live.Replace("\"you\": { ", "\"you\": { \"group\": \"g\", ", StringComparison.Ordinal));
        await using var kit = await FlowKit.CreateAsync(shadow: shadow);
        await kit.ActivateAsync(FlowKit.Policy(live));

        List<string?> reasons = [];
        foreach (var (agent, i) in ((string[])["me", "you", "me", "me"]).Select((agent, i) => (agent, i)))
        {
            var call = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Target = $"/{i}", Identity = new AgentIdentity(new AgentId(agent), CancellationToken.None) };
            await kit.Flow.RunAsync(call);
            reasons.Add(call.Answered?.Reason);
        }

        Assert.Equal([null, null, null, "budget_exceeded"], reasons);
        Assert.Equal([true, true, false, false], (await SayingsAsync(kit, 4)).Select(said => said!.Allowed));
    }

    public static TheoryData<string> Failures => ["throws", "throws later", "hangs", "answers with nothing"];

    /// <summary>The same purchases with a candidate that fails in this way, and without one: the same decisions.</summary>
    [Theory, MemberData(nameof(Failures))]
    public async Task A_candidate_that_fails_changes_nothing(string failure)
    {
        using var never = new ManualResetEventSlim();
        var judged = 0;
        var shadow = Shadow(FlowKit.OfOneAgent(""" "payment": "0.001" """), _ => question => failure switch
        {
            "throws" => throw new InvalidOperationException("a defect in the candidate"),
            "throws later" => ++judged == 1 ? new PolicyEvaluator(FlowKit.Policy(FlowKit.OfOneAgent(""" "day": "1" """))).Judge(question) : throw new OutOfRangeException(),
            "hangs" => Wait(never),
            _ => null!,
        }, failure == "hangs" ? TimeProvider.System : null);
        await using var kit = await FlowKit.CreateAsync(""" "day": "0.02" """, shadow);

        List<string> outcomes = [];
        for (var i = 0; i < 3; i++)
        {
            var call = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Target = $"/{i}" };
            await kit.Flow.RunAsync(call).AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
            outcomes.Add(call.Answered?.Reason ?? "paid");
        }

        never.Set();
        Assert.Equal(["paid", "paid", "budget_exceeded"], outcomes);
        var sayings = await SayingsAsync(kit, 3);
        Assert.All(failure == "throws later" ? sayings[1..] : sayings, Assert.Null);
    }

    [Theory]
    [InlineData("""{ "networks": ["base-sepolia"], "agents": { "me": { "alow": ["*"] } } }""", "expected a known key, found `alow`")]
    [InlineData("", "found an empty file")]
    [InlineData(null, "found nothing at")]
    public async Task Problems_of_the_candidate_are_told_and_it_is_not_asked(string? text, string problem)
    {
        var shadow = Shadow(FlowKit.OfOneAgent(""" "day": "1" """));
        Assert.NotNull(shadow.Health!.Hash);
        File.Delete(Candidate);
        if (text is not null)
        {
            File.WriteAllText(Candidate, text);
        }

        Assert.True(shadow.MayHaveChanged());
        shadow.Follow(Candidate);

        Assert.Null(shadow.Health!.Hash);
        Assert.Contains(problem, Assert.Single(shadow.Health.Problems).Message, StringComparison.Ordinal);
        Assert.False(shadow.MayHaveChanged());
        Assert.Null(await shadow.SayAsync([PolicyFileTests.Question()], null!, null!));
    }

    [Fact]
    public void A_candidate_may_be_a_folder_and_may_go()
    {
        var folder = Directory.CreateDirectory(_home.File("next")).FullName;
        File.WriteAllText(Path.Combine(folder, "a.json"), """{ "networks": ["base-sepolia"] }""");
        File.WriteAllText(Path.Combine(folder, "b.json"), """{ "agents": {} }""");
        var shadow = new ShadowPolicy(AssetRegistry.Default, TimeProvider.System, NullLogger<ShadowPolicy>.Instance);

        shadow.Follow(folder);
        Assert.NotNull(shadow.Health!.Hash);
        shadow.Follow(null);
        Assert.Null(shadow.Health);
        Assert.False(shadow.MayHaveChanged());
    }

    [Fact]
    public async Task How_often_the_candidate_differed_is_summed_from_the_journal()
    {
        var shadow = Shadow(FlowKit.OfOneAgent(""" "payment": "0.05", "day": "0.02" """));
        await using var kit = await FlowKit.CreateAsync(""" "payment": "0.01", "day": "1.00" """, shadow);
        for (var i = 0; i < 4; i++)
        {
            await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Target = $"/{i}" });
        }

        shadow.Follow(null);
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Target = "/unasked" });
        await SayingsAsync(kit, 5);

        var summary = new ShadowSummary(DateTimeOffset.MinValue);
        kit.Ledger.Host.ReadAfter(0).ToList().ForEach(summary.Take);

        Assert.Equal((4, 1), (summary.Asked.Payments, summary.NotAsked));
        var (disagreement, tally) = Assert.Single(summary.Disagreements);
        Assert.Equal((true, "budget_exceeded", "agents.me.limits.day"), (disagreement.WasPaid, disagreement.Reason, disagreement.Rule));
        Assert.Equal(new Tally(2, new Usd(20_000)), tally);
        Assert.Contains("paid, and the shadow would have refused: 2 decisions, 0.02 USD\n  me at ", summary.ToText().ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("\"disagreements\":[{\"agent\":\"me\"", summary.ToJson(), StringComparison.Ordinal);
    }

    private string Candidate => _home.File("candidate.json");

    private ShadowPolicy Shadow(string text, Func<PolicySet, Func<PaymentQuestion, Verdict>>? evaluator = null, TimeProvider? time = null)
    {
        File.WriteAllText(Candidate, text);

        // Only a candidate that hangs is to be given up: on a busy machine every other one has all the time it needs.
        var shadow = new ShadowPolicy(AssetRegistry.Default, time ?? new FakeTimeProvider(), NullLogger<ShadowPolicy>.Instance, evaluator);
        shadow.Follow(Candidate);
        return shadow;
    }

    private static Verdict Wait(ManualResetEventSlim never)
    {
        never.Wait(TestContext.Current.CancellationToken);
        throw new OutOfRangeException();
    }

    // Refusals are recorded behind the answer.
    private static async Task<List<ShadowSaying?>> SayingsAsync(FlowKit kit, int count)
    {
        while (true)
        {
            await kit.Ledger.Host.CatchUpAsync(TestContext.Current.CancellationToken);
            List<ShadowSaying?> sayings =
            [
                .. kit.Ledger.Host.ReadAfter(0).Select(line => line.Entry).Select(entry => entry switch
                {
                    JournalEntry.Reserved reserved => reserved.Context,
                    JournalEntry.Recorded { Event: LedgerEvent.Refused refused } => refused.Context,
                    _ => null,
                }).OfType<PaymentContext>().Select(context => context.Shadow),
            ];
            if (sayings.Count >= count)
            {
                return sayings;
            }
        }
    }

    private sealed class OutOfRangeException : Exception;
}
