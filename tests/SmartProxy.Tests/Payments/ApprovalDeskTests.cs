using SmartProxy.Identity;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Payments;

/// <summary>Where the policy wants a person, the request waits as long as it says and no money is touched; then everything is judged from the start.</summary>
public sealed class ApprovalDeskTests
{
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(30);

    // Of real time: a request that waits for ever fails its test instead of stopping all.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_request_waits_for_the_person_and_is_paid_when_they_agree()
    {
        await using var kit = await CreateAsync(Hold);
        var call = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid);

        var running = RunAsync(kit, call);
        var asked = await AskedAsync(kit);
        Assert.Empty(await kit.Ledger.PaymentsAsync()); // nothing is reserved while a person is asked
        await AnswerAsync(kit, asked, isApproved: true);
        await running;

        Assert.Equal(200, call.Passed!.Value.Status);
        Assert.Equal(PaymentState.Settled, await kit.StateAsync());
        Assert.Equal(ApprovalState.Used, (await QuestionAsync(kit)).State);
        Assert.Equal(0, kit.Approvals.Waiting);
    }

    [Fact]
    public async Task A_person_who_says_no_ends_the_wait_and_nothing_was_ever_reserved()
    {
        await using var kit = await CreateAsync(Hold);
        var call = new ScriptedCall(FlowKit.Cent());

        var running = RunAsync(kit, call);
        await AnswerAsync(kit, await AskedAsync(kit), isApproved: false);
        await running;

        Assert.Equal((403, "approval_denied"), (call.Answered!.Status, call.Answered.Reason));
        Assert.Empty(await kit.Ledger.PaymentsAsync());
        Assert.Empty(kit.Wallet.Asked);
    }

    [Fact]
    public async Task Without_a_hold_the_agent_is_told_at_once_which_question_is_open_and_when_to_ask_again()
    {
        await using var kit = await CreateAsync(TimeSpan.Zero);
        var first = new ScriptedCall(FlowKit.Cent());
        var again = new ScriptedCall(FlowKit.Cent());

        await RunAsync(kit, first);
        await RunAsync(kit, again);

        var id = (await QuestionAsync(kit)).Id.Value; // one question, however often it is asked
        foreach (var answer in (Refusal[])[first.Answered!, again.Answered!])
        {
            Assert.Equal((403, "approval_pending", 30), (answer.Status, answer.Reason, answer.RetryAfterSeconds));
            Assert.Contains(answer.Members, member => member.Key == "approval" && member.Value == id);
            Assert.Contains(answer.Members, member => member is { Key: "price", Value: "0.01" });
            Assert.Contains("a person has to agree", answer.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_agreement_is_good_for_one_exact_payment_and_for_once()
    {
        await using var kit = await CreateAsync(TimeSpan.Zero);
        await RunAsync(kit, new ScriptedCall(FlowKit.Cent()));
        await AnswerAsync(kit, (await QuestionAsync(kit)).Id, isApproved: true);
        var dearer = new ScriptedCall(FlowKit.Challenge((20_000, "0x1111111111111111111111111111111111111111")));
        var elsewhere = new ScriptedCall(FlowKit.Cent()) { Target = "/other" };
        var exact = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid);
        var again = new ScriptedCall(FlowKit.Cent());

        foreach (var call in (ScriptedCall[])[dearer, elsewhere, exact, again])
        {
            await RunAsync(kit, call);
        }

        Assert.Equal("approval_pending", dearer.Answered!.Reason);
        Assert.Equal("approval_pending", elsewhere.Answered!.Reason);
        Assert.Equal(200, exact.Passed!.Value.Status);
        Assert.Equal("approval_pending", again.Answered!.Reason);
    }

    [Fact]
    public async Task When_the_hold_is_over_the_agent_is_told_and_the_question_stays_open()
    {
        await using var kit = await CreateAsync(Hold);
        var call = new ScriptedCall(FlowKit.Cent());

        var running = RunAsync(kit, call);
        await WaitingAsync(kit, 1);
        await RunOutAsync(kit, [running]);

        Assert.Equal("approval_pending", call.Answered!.Reason);
        Assert.Equal(ApprovalState.Open, (await QuestionAsync(kit)).State);
        Assert.Equal(0, kit.Approvals.Waiting);
    }

    [Fact]
    public async Task An_agent_that_hangs_up_ends_the_wait()
    {
        await using var kit = await CreateAsync(Hold);
        using var gone = new CancellationTokenSource();
        var call = new ScriptedCall(FlowKit.Cent()) { AgentGone = gone.Token };

        var running = RunAsync(kit, call);
        await WaitingAsync(kit, 1);
        await gone.CancelAsync();
        await running;

        Assert.Equal(0, kit.Approvals.Waiting);
        Assert.Empty(await kit.Ledger.PaymentsAsync());
    }

    [Fact]
    public async Task A_token_that_ends_during_the_wait_pays_nothing()
    {
        await using var kit = await CreateAsync(Hold);
        using var token = new CancellationTokenSource();
        var call = new ScriptedCall(FlowKit.Cent()) { Identity = new AgentIdentity(new AgentId("me"), token.Token) };

        var running = RunAsync(kit, call);
        await WaitingAsync(kit, 1);
        await token.CancelAsync();
        await running;

        Assert.Equal("token_ended", call.Answered!.Reason);
        Assert.Empty(await kit.Ledger.PaymentsAsync());
    }

    [Fact]
    public async Task A_freeze_during_the_wait_holds_although_the_person_agrees()
    {
        await using var kit = await CreateAsync(Hold);
        var call = new ScriptedCall(FlowKit.Cent());

        var running = RunAsync(kit, call);
        var asked = await AskedAsync(kit);
        await kit.Ledger.Host.RecordAsync(new LedgerEvent.Frozen(null, "test", "stop"));
        await AnswerAsync(kit, asked, isApproved: true);
        await running;

        Assert.Equal("frozen", call.Answered!.Reason);
        Assert.Empty(await kit.Ledger.PaymentsAsync());
    }

    [Fact]
    public async Task The_policy_of_the_moment_of_paying_decides_and_not_that_of_asking()
    {
        await using var kit = await CreateAsync(Hold);
        var call = new ScriptedCall(FlowKit.Cent());

        var running = RunAsync(kit, call);
        var asked = await AskedAsync(kit);
        await kit.ActivateAsync(FlowKit.Policy(FlowKit.OfOneAgent(""" "payment": "0.001" """)));
        await AnswerAsync(kit, asked, isApproved: true);
        await running;

        Assert.Equal("amount_over_payment_limit", call.Answered!.Reason);
        Assert.Empty(await kit.Ledger.PaymentsAsync());
    }

    [Fact]
    public async Task Equal_requests_that_come_together_ask_once_and_one_agreement_pays_once()
    {
        await using var kit = await CreateAsync(Hold);
        var calls = Enumerable.Range(0, ApprovalDesk.MaxWaitingOfAgent).Select(_ => new ScriptedCall(FlowKit.Cent(), FlowKit.Paid)).ToList();

        var running = calls.Select(call => Task.Run(() => RunAsync(kit, call))).ToList();
        await WaitingAsync(kit, calls.Count);
        await AnswerAsync(kit, (await QuestionAsync(kit)).Id, isApproved: true);
        await RunOutAsync(kit, running);

        Assert.Single(await kit.Ledger.PaymentsAsync());
        Assert.Single(calls, call => call.Passed is not null);
    }

    [Fact]
    public async Task An_agent_can_not_make_more_requests_wait_than_it_may()
    {
        await using var kit = await CreateAsync(Hold);
        var waiting = Enumerable.Range(0, ApprovalDesk.MaxWaitingOfAgent).Select(i => RunAsync(kit, new ScriptedCall(FlowKit.Cent()) { Target = $"/{i}" })).ToList();
        await WaitingAsync(kit, ApprovalDesk.MaxWaitingOfAgent);
        var more = new ScriptedCall(FlowKit.Cent()) { Target = "/more" };

        await RunAsync(kit, more);

        Assert.Equal("approval_pending", more.Answered!.Reason);
        kit.Approvals.StopWaiting(); // as when the process stops
        await Task.WhenAll(waiting);
        Assert.Equal(0, kit.Approvals.Waiting);
    }

    [Fact]
    public async Task An_offer_that_needs_nobodys_word_comes_before_a_cheaper_one_that_does()
    {
        await using var kit = await FlowKit.CreateAsync();
        await RunAsync(kit, new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));
        kit.View.Guards = new PaymentGuards(Approval: new ApprovalGuard("agents.me.approval", IsAbove: false, NewRecipient: true, NewHost: false, PriceDrift: false, Hold, TimeSpan.FromHours(1)));
        var call = new ScriptedCall(FlowKit.Challenge((10_000, "0x2222222222222222222222222222222222222222"), (20_000, "0x1111111111111111111111111111111111111111")), FlowKit.Paid) { Target = "/two" };

        await RunAsync(kit, call);

        Assert.Equal("20000", FlowKit.Open(Assert.Single(call.Payments)).Value);
        Assert.Empty(await kit.Ledger.Host.ApprovalsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_refusal_and_its_receipt_carry_the_trace_and_the_question_names_why()
    {
        await using var kit = await CreateAsync(TimeSpan.Zero);

        await RunAsync(kit, new ScriptedCall(FlowKit.Cent()));

        await kit.Ledger.Host.CatchUpAsync(TestContext.Current.CancellationToken);
        var refused = kit.Ledger.Host.ReadAfter(0).Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(entry => entry.Event).OfType<LedgerEvent.Refused>().Single();
        Assert.Equal(new TraceStep("agents.me.approval", TraceSaying.Asks, "the price is above the rule's `above`"), refused.Context.Trace[^1]);
        Assert.Equal("agents.me.approval", refused.Context.Rule);
        Assert.Equal(refused.Context.Trace, (await QuestionAsync(kit)).Context.Trace);
    }

    private static async Task<FlowKit> CreateAsync(TimeSpan hold)
    {
        var kit = await FlowKit.CreateAsync();
        kit.View.Guards = new PaymentGuards(Approval: new ApprovalGuard("agents.me.approval", IsAbove: true, NewRecipient: false, NewHost: false, PriceDrift: false, hold, TimeSpan.FromHours(1)));
        return kit;
    }

    private static Task RunAsync(FlowKit kit, ScriptedCall call) => kit.Flow.RunAsync(call).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

    private static async Task<PaymentId> AskedAsync(FlowKit kit)
    {
        await WaitingAsync(kit, 1);
        return (await QuestionAsync(kit)).Id;
    }

    private static async Task<ApprovalView> QuestionAsync(FlowKit kit) => Assert.Single(await kit.Ledger.Host.ApprovalsAsync(TestContext.Current.CancellationToken));

    private static async Task AnswerAsync(FlowKit kit, PaymentId id, bool isApproved) =>
        await kit.Ledger.Host.RecordAsync(new LedgerEvent.ApprovalAnswered(id, isApproved, "test", "because", kit.Ledger.Time.GetUtcNow().AddHours(1)));

    // Turns the clock on until nobody waits any more.
    private static async Task RunOutAsync(FlowKit kit, IReadOnlyList<Task> running)
    {
        var all = Task.WhenAll(running);
        while (!all.IsCompleted)
        {
            if (running.Count(task => !task.IsCompleted) == kit.Approvals.Waiting)
            {
                kit.Ledger.Time.Advance(Hold);
            }

            await Task.Yield();
        }

        await all;
    }

    private static async Task WaitingAsync(FlowKit kit, int count)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (kit.Approvals.Waiting < count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience, $"{kit.Approvals.Waiting} of {count} requests wait");
            await Task.Yield();
        }
    }
}
