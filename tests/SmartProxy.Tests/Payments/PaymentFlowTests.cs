using System.Text;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Payments;

/// <summary>The 402 exchange as a script: ask, 402, reserve, sign, replay, settle. And again with something going wrong at each step.</summary>
public sealed class PaymentFlowTests
{
    [Fact]
    public async Task A_paid_request_is_reserved_signed_sent_once_and_booked_as_settled()
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid);

        await kit.Flow.RunAsync(call);

        var (signer, _, value) = FlowKit.Open(Assert.Single(call.Payments));
        Assert.Equal((kit.Payer, "10000"), (signer, value));
        Assert.Equal(200, call.Passed!.Value.Status);
        Assert.Contains(call.Passed.Value.Headers, header => header.Key == "Smart-Proxy-Receipt" && header.Value.StartsWith("rcpt_", StringComparison.Ordinal));
        Assert.Contains(call.Passed.Value.Headers, header => header is { Key: "Smart-Proxy-Paid", Value: "0.01; day-left=0.99" });
        Assert.Equal(PaymentState.Settled, await kit.StateAsync());
    }

    [Fact]
    public async Task The_reservation_is_durable_before_a_payment_leaves()
    {
        await using var kit = await FlowKit.CreateAsync();
        long durable = 0;
        var call = new ScriptedCall(FlowKit.Cent(), payment =>
        {
            durable = kit.Ledger.Host.ReadAfter(0).Count(line => line.Entry is JournalEntry.Reserved reserved && reserved.Authorization.Nonce.ToString() == FlowKit.Open(payment).Nonce);
            return FlowKit.Paid(payment);
        });

        await kit.Flow.RunAsync(call);

        Assert.Equal(1, durable);
    }

    [Fact]
    public async Task The_signer_is_asked_only_for_what_is_reserved_and_never_for_what_was_refused()
    {
        await using var kit = await FlowKit.CreateAsync(""" "day": "0.01" """);

        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));
        var refused = new ScriptedCall(FlowKit.Cent()) { Target = "/another" };
        await kit.Flow.RunAsync(refused);

        Assert.Equal("budget_exceeded", refused.Answered!.Reason);
        Assert.Equal([true], kit.Wallet.Asked);
    }

    [Fact]
    public async Task A_seller_that_keeps_the_payment_and_asks_again_gets_no_second_signature_and_the_amount_stays_held()
    {
        await using var kit = await FlowKit.CreateAsync(""" "day": "0.01" """);
        var call = new ScriptedCall(FlowKit.Cent(), _ => ScriptedAnswer.Of(402, ("PAYMENT-REQUIRED", "e30=")));

        await kit.Flow.RunAsync(call);
        var second = new ScriptedCall(FlowKit.Cent()) { Target = "/another" };
        await kit.Flow.RunAsync(second);

        Assert.Single(call.Payments);
        Assert.Equal("payment_not_accepted", call.Answered!.Reason);
        Assert.Equal(PaymentState.InDoubt, await kit.StateAsync());
        Assert.Empty(second.Payments);
        Assert.Equal(("budget_exceeded", 403), (second.Answered!.Reason, second.Answered.Status));
        Assert.Contains(second.Answered.Members, member => member is { Key: "held", Value: "0.01" });
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("POST", 1)]
    public async Task After_a_lost_answer_only_the_identical_bytes_go_again_and_by_themselves_only_for_safe_methods(string method, int sendings)
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Cent(), _ => ScriptedAnswer.Lost, _ => ScriptedAnswer.Lost) { Method = method };

        await kit.Flow.RunAsync(call);

        Assert.Equal(sendings, call.Payments.Count);
        Assert.Single(call.Payments.Distinct());
        Assert.Equal((502, "payment_outcome_unknown"), (call.Answered!.Status, call.Answered.Reason));
        Assert.Equal(PaymentState.InDoubt, await kit.StateAsync());
    }

    [Fact]
    public async Task The_agents_own_retry_after_a_lost_answer_presents_the_same_payment_and_settles_it()
    {
        await using var kit = await FlowKit.CreateAsync();
        var lost = new ScriptedCall(FlowKit.Cent(), _ => ScriptedAnswer.Lost) { Method = "POST" };
        await kit.Flow.RunAsync(lost);
        var retry = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Method = "POST" };

        await kit.Flow.RunAsync(retry);

        Assert.Equal(lost.Payments, retry.Payments);
        Assert.Equal(200, retry.Passed!.Value.Status);
        Assert.Equal(PaymentState.Settled, await kit.StateAsync());

        // The first receipt says in doubt; the answer names the one that supersedes it.
        var receipt = retry.Passed.Value.Headers.Single(header => header.Key == "Smart-Proxy-Receipt").Value;
        Assert.Equal(lost.Answered!.ReceiptId + ".2", receipt);
    }

    [Fact]
    public async Task A_paid_answer_that_breaks_off_before_the_agent_sees_any_of_it_is_told_with_its_receipt()
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Cent(), payment => FlowKit.Paid(payment) with { BreaksOff = true });

        await kit.Flow.RunAsync(call);

        Assert.Equal((502, "paid_answer_lost"), (call.Answered!.Status, call.Answered.Reason));
        Assert.StartsWith("rcpt_", call.Answered.ReceiptId, StringComparison.Ordinal);
        Assert.Equal(PaymentState.Settled, await kit.StateAsync());
    }

    [Fact]
    [Trait("invariant", "I4")]
    public async Task Twenty_retries_against_a_seller_that_never_delivers_lead_to_one_signature()
    {
        await using var kit = await FlowKit.CreateAsync();
        var payments = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            Func<string, ScriptedAnswer>[] hostile = [_ => ScriptedAnswer.Lost, _ => ScriptedAnswer.Of(500), FlowKit.SettleFailed, _ => ScriptedAnswer.Of(402)];
            var call = new ScriptedCall(FlowKit.Cent(), hostile[i % 4], hostile[i % 4]);
            await kit.Flow.RunAsync(call);
            payments.AddRange(call.Payments);
        }

        Assert.NotEmpty(payments);
        Assert.Single(payments.Select(payment => FlowKit.Open(payment).Nonce).Distinct());
        Assert.Equal(PaymentState.InDoubt, await kit.StateAsync());
    }

    [Fact]
    public async Task A_legitimate_second_purchase_of_the_same_url_works_at_once()
    {
        await using var kit = await FlowKit.CreateAsync();
        var first = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid);
        var second = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid);

        await kit.Flow.RunAsync(first);
        await kit.Flow.RunAsync(second);

        Assert.NotEqual(FlowKit.Open(first.Payments[0]).Nonce, FlowKit.Open(second.Payments[0]).Nonce);
        Assert.Equal(200, second.Passed!.Value.Status);
    }

    [Fact]
    public async Task A_decision_made_under_another_policy_is_evaluated_again_before_it_is_reserved()
    {
        await using var kit = await FlowKit.CreateAsync();
        var strict = FlowKit.Policy("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { "payment": "0.001" } } } }""");
        kit.View.AfterJudging = () => kit.ActivateAsync(strict).GetAwaiter().GetResult();
        var call = new ScriptedCall(FlowKit.Cent());
        var running = kit.Flow.RunAsync(call).AsTask();
        kit.Ledger.Time.Advance(TimeSpan.FromSeconds(1));

        await Advance(kit, running);

        Assert.Empty(call.Payments);
        Assert.Equal("amount_over_payment_limit", call.Answered!.Reason);
    }

    [Fact]
    public async Task A_token_that_ended_since_the_request_came_signs_nothing()
    {
        await using var kit = await FlowKit.CreateAsync();
        using var token = new CancellationTokenSource();
        kit.View.AfterJudging = token.Cancel; // before the reservation, and so before the last look
        var call = new ScriptedCall(FlowKit.Cent()) { Identity = new SmartProxy.Identity.AgentIdentity(new AgentId("me"), token.Token) };

        await kit.Flow.RunAsync(call);

        Assert.Equal((403, "token_ended"), (call.Answered!.Status, call.Answered.Reason));
        Assert.Empty(kit.Wallet.Asked);
        Assert.Equal(PaymentState.Aborted, await kit.StateAsync());
    }

    [Fact]
    public async Task A_frozen_agent_pays_nothing_and_hears_why()
    {
        await using var kit = await FlowKit.CreateAsync();
        await kit.Ledger.Host.RecordAsync(new LedgerEvent.Frozen(new AgentId("me"), "test", "holiday"));
        var call = new ScriptedCall(FlowKit.Cent());

        await kit.Flow.RunAsync(call);

        Assert.Empty(call.Payments);
        Assert.Equal((403, "frozen"), (call.Answered!.Status, call.Answered.Reason));
    }

    [Fact]
    public async Task A_freeze_between_the_reservation_and_the_signature_stops_the_signature()
    {
        await using var kit = await FlowKit.CreateAsync();
        kit.Ledger.Host.Durable += lines =>
        {
            if (lines.Any(line => line.Entry is JournalEntry.Reserved))
            {
                kit.Ledger.Host.Hold("test", "holiday");
            }
        };
        var call = new ScriptedCall(FlowKit.Cent());

        await kit.Flow.RunAsync(call);

        Assert.Equal((403, "frozen"), (call.Answered!.Status, call.Answered.Reason));
        Assert.Empty(kit.Wallet.Asked);
        Assert.Equal(PaymentState.Aborted, await kit.StateAsync());
    }

    [Theory]
    [InlineData("60", 60)]
    [InlineData("100000", 120)]
    [Trait("invariant", "I7")]
    public async Task A_signature_ends_with_the_shorter_of_the_sellers_time_and_ours(string sellers, int expected)
    {
        await using var kit = await FlowKit.CreateAsync();
        var challenge = FlowKit.Cent();
        var document = Encoding.UTF8.GetString(Convert.FromBase64String(challenge.Head.Headers["PAYMENT-REQUIRED"]!)).Replace("\"maxTimeoutSeconds\":60", $"\"maxTimeoutSeconds\":{sellers}", StringComparison.Ordinal);
        challenge.Head.Headers["PAYMENT-REQUIRED"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(document));

        await kit.Flow.RunAsync(new ScriptedCall(challenge, FlowKit.Paid));

        var reserved = kit.Ledger.Host.ReadAfter(0).Select(line => line.Entry).OfType<JournalEntry.Reserved>().Single();
        Assert.Equal(expected, reserved.Authorization.Terms.ValidBefore - kit.Ledger.Time.GetUtcNow().ToUnixTimeSeconds());
    }

    [Fact]
    [Trait("invariant", "I1")]
    public async Task Two_hundred_parallel_requests_on_a_budget_for_ten_lead_to_exactly_ten_signatures()
    {
        for (var round = 0; round < 50; round++)
        {
            await using var kit = await FlowKit.CreateAsync(""" "total": "0.10" """);
            var calls = Enumerable.Range(0, 200).Select(i => new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Target = $"/item/{i}" }).ToArray();

            await Task.WhenAll(calls.Select(call => Task.Run(() => kit.Flow.RunAsync(call).AsTask())));

            Assert.Equal(10, calls.SelectMany(call => call.Payments).Select(payment => FlowKit.Open(payment).Nonce).Distinct().Count());
            Assert.Equal(190, calls.Count(call => call.Answered?.Reason == "budget_exceeded"));
        }
    }

    // The flow waits a few milliseconds of fake time for a new policy to come into force.
    private static async Task Advance(FlowKit kit, Task running)
    {
        while (!running.IsCompleted)
        {
            kit.Ledger.Time.Advance(TimeSpan.FromMilliseconds(5));
            await Task.Yield();
        }

        await running;
    }
}
