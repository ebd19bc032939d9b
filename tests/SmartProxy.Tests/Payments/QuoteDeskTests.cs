using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Payments;

/// <summary>A quote says what a payment would come to, by the same judgement, and leaves nothing behind.</summary>
public sealed class QuoteDeskTests
{
    private const string Seller = "0x1111111111111111111111111111111111111111";

    [Fact]
    public async Task A_quote_names_every_offer_with_its_verdict_and_what_would_remain()
    {
        await using var kit = await FlowKit.CreateAsync(""" "payment": "0.02", "day": "1.00" """);
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));

        var quote = await QuoteAsync(kit, FlowKit.Challenge((30_000, Seller), (20_000, Seller), (10_000, Seller)));

        Assert.True(quote.GetProperty("wouldPay").GetBoolean());
        Assert.Equal("0.01", quote.GetProperty("price").GetString());
        var offers = quote.GetProperty("offers").EnumerateArray().ToList();
        Assert.Equal(["refuses", "allows", "pays"], offers.Select(offer => Text(offer, "verdict")));
        Assert.Equal(("amount_over_payment_limit", "agents.me.limits.payment", "0.02"), (Text(offers[0], "reason"), Text(offers[0], "rule"), Text(offers[0], "limit")));
        var day = offers[2].GetProperty("limits").EnumerateArray().Single(limit => Text(limit, "id") == "agents.me.limits.day");
        Assert.Equal(("1.00", "0.01", "0.99", "0.98"), (Text(day, "limit"), Text(day, "spent"), Text(day, "remaining"), Text(day, "remainingAfter")));
    }

    [Fact]
    public async Task A_quote_leaves_the_journal_as_it_was_and_signs_nothing()
    {
        await using var kit = await FlowKit.CreateAsync();
        var before = kit.Ledger.Host.Health;

        var quote = await QuoteAsync(kit, FlowKit.Cent());
        await kit.Ledger.Host.CatchUpAsync(TestContext.Current.CancellationToken);

        Assert.True(quote.GetProperty("wouldPay").GetBoolean());
        Assert.Equal(before, kit.Ledger.Host.Health);
        Assert.Empty(await kit.Ledger.PaymentsAsync());
        Assert.Empty(kit.Wallet.Asked);
    }

    [Fact]
    public async Task A_quote_foresees_what_the_books_would_say()
    {
        await using var kit = await FlowKit.CreateAsync(""" "day": "0.01" """);
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));

        var quote = await QuoteAsync(kit, FlowKit.Cent());

        var offer = Assert.Single(quote.GetProperty("offers").EnumerateArray());
        Assert.False(quote.GetProperty("wouldPay").GetBoolean());
        Assert.Equal(("refuses", "budget_exceeded", "agents.me.limits.day"), (Text(offer, "verdict"), Text(offer, "reason"), Text(offer, "rule")));
        Assert.Equal(("0.01", "0.00"), (Text(offer, "spent"), Text(offer, "remaining")));
        var last = offer.GetProperty("trace").EnumerateArray().Last();
        Assert.Equal(("refuses", "agents.me.limits.day", "0.00 USD left of 0.01 USD (0.01 spent, 0.00 held), asked 0.01 USD"), (Text(last, "says"), Text(last, "rule"), Text(last, "detail")));
    }

    [Fact]
    public async Task A_quote_says_that_a_person_would_be_asked_and_asks_nobody()
    {
        await using var kit = await FlowKit.CreateAsync();
        kit.View.Guards = new PaymentGuards(Approval: new ApprovalGuard("agents.me.approval", IsAbove: true, false, false, false, TimeSpan.FromSeconds(30), TimeSpan.FromHours(1)));

        var quote = await QuoteAsync(kit, FlowKit.Cent());

        var offer = Assert.Single(quote.GetProperty("offers").EnumerateArray());
        Assert.Equal(("asks", "approval_pending"), (Text(offer, "verdict"), Text(offer, "reason")));
        Assert.Empty(await kit.Ledger.Host.ApprovalsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_402_that_can_not_be_paid_is_handed_on_to_who_asked_for_a_quote()
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(new SmartProxy.Payments.HeldAnswer(new SmartProxy.Payments.AnswerHead(402, new Microsoft.AspNetCore.Http.HeaderDictionary()), "pay me"u8.ToArray(), true))
        {
            Headers = { ["Smart-Proxy-Mode"] = "quote" },
        };

        await kit.Flow.RunAsync(call);

        Assert.Equal(402, call.Passed!.Value.Status);
        Assert.Null(call.Document);
    }

    private static async Task<JsonElement> QuoteAsync(FlowKit kit, SmartProxy.Payments.HeldAnswer challenge)
    {
        var call = new ScriptedCall(challenge) { Headers = { ["Smart-Proxy-Mode"] = "quote" } };
        await kit.Flow.RunAsync(call);
        Assert.Null(call.Answered);
        return call.Document!.Value;
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
