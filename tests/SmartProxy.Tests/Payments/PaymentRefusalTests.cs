using System.Text;
using SmartProxy.Ledger;
using SmartProxy.Payments;

namespace SmartProxy.Tests.Payments;

/// <summary>What is refused or passed on before anything is signed, and what the agent hears of it.</summary>
public sealed class PaymentRefusalTests
{
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
}
