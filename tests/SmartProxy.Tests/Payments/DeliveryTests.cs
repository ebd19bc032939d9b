using SmartProxy.Ledger;
using SmartProxy.Payments;

namespace SmartProxy.Tests.Payments;

/// <summary>What was paid for and not delivered is recorded as such, whatever the status says.</summary>
public sealed class DeliveryTests
{
    private const string Shop = "0x1111111111111111111111111111111111111111";

    /// <summary>Status, content type, content length, how the body ends; whether it counts as delivered, and the word for what is wrong.</summary>
    public static TheoryData<string, int, string?, string?, string, bool, string?> Answers => new()
    {
        { "as promised", 200, "application/json; charset=utf-8", null, "Fine", true, null },
        { "a kind of what was promised", 200, "application/vnd.shop+json", null, "Fine", true, null },
        { "no type at all", 200, null, null, "Fine", true, null },
        { "an error of the seller", 500, "text/plain", null, "Fine", false, null },
        { "a refusal after payment", 403, "text/plain", null, "Fine", false, null },
        { "another type", 200, "text/html", null, "Fine", false, "media_type" },
        { "a problem with status 200", 200, "application/problem+json", null, "Fine", false, "media_type" },
        { "no content, and said so", 200, "application/json", "0", "Empty", false, "empty" },
        { "no content, and found out", 200, "application/json", null, "Empty", true, "empty" },
        { "broken off", 200, "application/json", null, "Truncated", true, "truncated" },
        { "nothing to say", 204, null, null, "Empty", true, null },
        { "a part", 206, "multipart/byteranges", null, "Fine", true, null },
        { "another place", 302, "text/html", "0", "Empty", true, null },
    };

    [Theory, MemberData(nameof(Answers))]
    public async Task An_answer_is_delivered_when_it_is_what_was_promised(string what, int status, string? type, string? length, string ending, bool isHeadFine, string? why)
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Challenge(""","mimeType":"application/json" """, (10_000, Shop)), payment => Answer(status, type, length, ending));

        await kit.Flow.RunAsync(call);

        var events = await EventsAsync(kit);
        Assert.True(isHeadFine == events.OfType<LedgerEvent.Settled>().Single().Delivered, what);
        Assert.Equal(why, events.OfType<LedgerEvent.Undelivered>().SingleOrDefault()?.Why);
        Assert.Equal(PaymentState.Settled, await kit.StateAsync()); // it is paid all the same
    }

    [Theory]
    [InlineData("HEAD", "", "Empty")]
    [InlineData("GET", ""","mimeType":17 """, "Fine")]
    [InlineData("GET", ""","mimeType":"" """, "Fine")]
    public async Task What_promises_nothing_is_held_to_nothing(string method, string promise, string ending)
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Challenge(promise, (10_000, Shop)), payment => Answer(200, "text/html", null, ending)) { Method = method };

        await kit.Flow.RunAsync(call);

        Assert.Empty((await EventsAsync(kit)).OfType<LedgerEvent.Undelivered>());
    }

    [Fact]
    public async Task A_delivery_that_failed_is_told_once_and_moves_no_money()
    {
        await using var kit = await FlowKit.CreateAsync();
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), payment => Answer(200, null, null, "Truncated")));
        var payment = Assert.Single(await kit.Ledger.PaymentsAsync()).Key;

        await Assert.ThrowsAsync<LedgerInvariantException>(async () => await kit.Ledger.Host.RecordAsync(new LedgerEvent.Undelivered(payment, "empty")));
        Assert.Equal(PaymentState.Settled, await kit.StateAsync());
        Assert.False(await kit.Ledger.Host.QueryAsync((books, _) => books.Find(payment)!.Delivered, TestContext.Current.CancellationToken));
    }

    private static ScriptedAnswer Answer(int status, string? type, string? length, string ending)
    {
        var headers = new List<(string, string)> { ("PAYMENT-RESPONSE", EndToEnd.Terms.Settled) };
        if (type is not null)
        {
            headers.Add(("Content-Type", type));
        }

        if (length is not null)
        {
            headers.Add(("Content-Length", length));
        }

        return ScriptedAnswer.Of(status, [.. headers]) with { Ending = Enum.Parse<BodyEnding>(ending) };
    }

    private static async Task<IReadOnlyList<LedgerEvent>> EventsAsync(FlowKit kit)
    {
        await kit.Ledger.Host.CatchUpAsync(TestContext.Current.CancellationToken);
        return [.. kit.Ledger.Host.ReadAfter(0).Select(line => (line.Entry as JournalEntry.Recorded)?.Event).OfType<LedgerEvent>()];
    }
}
