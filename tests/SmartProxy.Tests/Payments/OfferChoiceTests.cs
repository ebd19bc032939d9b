using SmartProxy.Protocol;

namespace SmartProxy.Tests.Payments;

/// <summary>Which of several offers is paid, and to whom.</summary>
public sealed class OfferChoiceTests
{
    private const string Stranger = "0x2222222222222222222222222222222222222222";

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
}
