using System.Text;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Payments;

/// <summary>The 402 exchange as a script: ask, 402, reserve, sign, replay, settle. And again with something going wrong at each step.</summary>
public sealed class PaymentFlowTests
{
    private const string Stranger = "0x2222222222222222222222222222222222222222";

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
    public async Task When_the_cheapest_offer_can_not_be_reserved_the_next_one_is_tried()
    {
        await using var kit = await FlowKit.CreateAsync();
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));
        var call = new ScriptedCall(FlowKit.Challenge((10_000, Stranger), (20_000, "0x1111111111111111111111111111111111111111")), FlowKit.Paid) { Target = "/other" };

        await kit.Flow.RunAsync(call);

        Assert.Equal("20000", FlowKit.Open(Assert.Single(call.Payments)).Value);
    }

    [Fact]
    public async Task When_no_offer_has_room_the_reason_of_the_cheapest_stands()
    {
        await using var kit = await FlowKit.CreateAsync(""" "payment": "0.05", "day": "0.02" """);
        var dear = new ScriptedCall(FlowKit.Challenge((40_000, Stranger), (30_000, Stranger)));

        await kit.Flow.RunAsync(dear);

        Assert.Empty(dear.Payments);
        Assert.Equal("budget_exceeded", dear.Answered!.Reason);
        Assert.Contains(dear.Answered.Members, member => member is { Key: "price", Value: "0.03" });
    }

    [Fact]
    public async Task The_cheapest_allowed_offer_is_paid_wherever_it_stands()
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Challenge((30_000, Stranger), (10_000, Stranger), (20_000, Stranger)), FlowKit.Paid);

        await kit.Flow.RunAsync(call);

        Assert.Equal("10000", FlowKit.Open(call.Payments[0]).Value);
    }

    [Fact]
    public async Task A_changed_recipient_is_refused_by_the_pin_and_not_signed()
    {
        await using var kit = await FlowKit.CreateAsync();
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));
        var moved = new ScriptedCall(FlowKit.Cent(Stranger)) { Target = "/other" };

        await kit.Flow.RunAsync(moved);

        Assert.Empty(moved.Payments);
        Assert.Equal((403, "recipient_changed"), (moved.Answered!.Status, moved.Answered.Reason));
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
        var call = new ScriptedCall(FlowKit.Cent()) { Identity = new SmartProxy.Identity.AgentIdentity(new AgentId("me"), "t1", token.Token) };

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

    [Fact]
    public async Task An_agent_that_goes_between_the_reservation_and_the_signature_is_not_paid_for()
    {
        await using var kit = await FlowKit.CreateAsync();
        using var gone = new CancellationTokenSource();
        kit.Ledger.Host.Durable += lines =>
        {
            if (lines.Any(line => line.Entry is JournalEntry.Reserved))
            {
                gone.Cancel();
            }
        };
        var call = new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { AgentGone = gone.Token };

        await kit.Flow.RunAsync(call);

        Assert.Equal((499, "agent_gone"), (call.Answered?.Status, call.Answered?.Reason));
        Assert.Empty(kit.Wallet.Asked);
        Assert.Empty(call.Payments);
        Assert.Equal(PaymentState.Aborted, await kit.StateAsync());
    }

    [Fact]
    public async Task Without_a_policy_nothing_is_paid()
    {
        await using var kit = await FlowKit.CreateAsync();
        kit.View.Swap(null);
        var call = new ScriptedCall(FlowKit.Cent());

        await kit.Flow.RunAsync(call);

        Assert.Empty(call.Payments);
        Assert.Equal((503, "no_policy"), (call.Answered!.Status, call.Answered.Reason));
    }

    [Fact]
    public async Task A_body_that_cannot_be_sent_again_is_refused_before_anything_is_reserved()
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Cent()) { IsReplayable = false, Method = "POST" };

        await kit.Flow.RunAsync(call);

        Assert.Equal((413, "body_not_replayable"), (call.Answered!.Status, call.Answered.Reason));
        Assert.Empty(await kit.Ledger.PaymentsAsync());
    }

    [Fact]
    public async Task A_402_that_is_not_x402_reaches_the_agent_with_nothing_added()
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(new HeldAnswer(ScriptedAnswer.Of(402, ("Content-Type", "text/plain")).Head!, "pay us"u8.ToArray(), true));

        await kit.Flow.RunAsync(call);

        Assert.Equal(402, call.Passed!.Value.Status);
        Assert.Empty(call.Passed.Value.Headers);
    }

    [Fact]
    public async Task A_402_that_offers_nothing_payable_is_passed_on_and_says_what_was_offered()
    {
        await using var kit = await FlowKit.CreateAsync();
        var document = """{"x402Version":2,"accepts":[{"scheme":"upto","network":"eip155:84532","amount":"1","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","payTo":"0x1111111111111111111111111111111111111111","maxTimeoutSeconds":60}]}""";
        var call = new ScriptedCall(new HeldAnswer(
            ScriptedAnswer.Of(402, ("PAYMENT-REQUIRED", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(document)))).Head!, "{}"u8.ToArray(), true));

        await kit.Flow.RunAsync(call);

        Assert.Equal(402, call.Passed!.Value.Status);
        Assert.Contains(call.Passed.Value.Headers, header => header.Key == "Smart-Proxy-Unpaid" && header.Value.Contains("upto eip155:84532", StringComparison.Ordinal));
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
    public async Task The_agents_own_ceiling_tightens_the_price()
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Cent()) { Headers = { ["Smart-Proxy-Max-Price"] = "0.009" } };

        await kit.Flow.RunAsync(call);

        Assert.Empty(call.Payments);
        Assert.Equal("amount_over_max_price", call.Answered!.Reason);
    }

    [Fact]
    public async Task An_idempotency_key_with_another_request_is_refused()
    {
        await using var kit = await FlowKit.CreateAsync();
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid) { Headers = { ["Idempotency-Key"] = "k1" } });
        var other = new ScriptedCall(FlowKit.Cent()) { Target = "/other", Headers = { ["Idempotency-Key"] = "k1" } };

        await kit.Flow.RunAsync(other);

        Assert.Empty(other.Payments);
        Assert.Equal((422, "idempotency_key_reuse"), (other.Answered!.Status, other.Answered.Reason));
    }

    [Fact]
    public async Task Identical_refusals_within_a_minute_share_one_receipt_that_tells_their_number()
    {
        await using var kit = await FlowKit.CreateAsync(""" "payment": "0.001" """);
        var first = new ScriptedCall(FlowKit.Cent());
        var second = new ScriptedCall(FlowKit.Cent());

        await kit.Flow.RunAsync(first);
        await kit.Flow.RunAsync(second);

        Assert.NotNull(first.Answered!.ReceiptId);
        Assert.Equal(first.Answered.ReceiptId, second.Answered!.ReceiptId);

        kit.Ledger.Time.Advance(TimeSpan.FromMinutes(2));
        await kit.Ledger.Host.CatchUpAsync(TestContext.Current.CancellationToken);
        var counts = kit.Ledger.Host.ReadAfter(0).Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(entry => entry.Event).OfType<LedgerEvent.Refused>();
        Assert.Equal([1, 2], counts.Select(refused => refused.Count));
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
