using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>
/// What <c>why</c> suggests for a refusal of the books is tried as an operator would: the edit is saved, the proxy takes it into force, and the same
/// purchase passes. One edit less, and it would not.
/// </summary>
public sealed class WhyRepairEndToEndTests(RuleWorld world) : IClassFixture<RuleWorld>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("price-drift", "one:/why-drift 2 ok", "one:/why-drift 9", "raise agents.price-drift.priceDrift from 50% to 350%")]
    [InlineData("loop", "one:/why-loop 1 ok | one:/why-loop 1 ok", "one:/why-loop 1", "raise agents.loop.loop.times from 2 to 3")]
    [InlineData("breaker", "four:/500-a 1 500 | four:/500-b 1 500", "four:/why-breaker 1", "raise agents.breaker.breaker.failures from 2 to 3")]
    [InlineData("approval-above", "one 1 ok", "one:/why-above 3", "raise agents.approval-above.approval.above from 0.01 to 0.03")]
    [InlineData("approval-recipient", "one 1 ok", "one:/why-recipient@C 1", "remove agents.approval-recipient.approval")]
    [InlineData("approval-drift", "one:/why-held 1 ok", "one:/why-held 4", "raise agents.approval-drift.priceDrift from 0% to 300%")]
    [InlineData("count-day", "one 1 ok | one 1 ok", "one:/why-count 1", "raise agents.count-day.limits.payments.day from 2 to 3")]
    public async Task The_edit_that_why_suggests_lets_the_same_purchase_pass(string agent, string before, string purchase, string edit)
    {
        if (agent == "approval-recipient")
        {
            using var known = await world.BuyAsync("me", "one", 1); // somebody here has paid this recipient before
        }

        Assert.Equal(before, await world.PlayAsync(agent, before));
        var (where, cents) = purchase.Split(' ') is [var place, var price] ? (place, int.Parse(price, System.Globalization.CultureInfo.InvariantCulture)) : default;
        using var refused = await world.BuyAsync(agent, where, cents);
        var receipt = await ReceiptAsync(agent, refused);

        var (code, output, error) = await world.Proxy.CommandAsync("why", refused.Headers.GetValues("Smart-Proxy-Receipt").Single());
        await SaveAsync(RepairOf(receipt));
        using var answer = await world.BuyAsync(agent, where, cents);

        Assert.Equal((0, ""), (code, error));
        Assert.Contains(edit, output, StringComparison.Ordinal);
        Assert.Equal("ok", await RuleWorld.EndAsync(answer));
    }

    private PolicyText RepairOf(string receipt)
    {
        var text = new PolicySource(world.Proxy.PolicyFile).ReadSettled().Text!;
        return new ReceiptRepair(AssetRegistry.Default, text, ReceiptText.Read(receipt)).Find().Repair!.Text;
    }

    private async Task SaveAsync(PolicyText text)
    {
        await File.WriteAllBytesAsync(world.Proxy.PolicyFile + "~", Assert.Single(text.Parts).Bytes, Cancellation);
        File.Move(world.Proxy.PolicyFile + "~", world.Proxy.PolicyFile, overwrite: true);
        var hash = PolicyReading.Load(world.Proxy.PolicyFile, AssetRegistry.Default).Policy!.Hash.ToString();
        while (!(await world.Proxy.HealthAsync()).Contains(hash, StringComparison.Ordinal))
        {
            await Task.Yield();
        }
    }

    private async Task<string> ReceiptAsync(string agent, HttpResponseMessage answer)
    {
        while (true)
        {
            using var receipt = await world.Proxy.OwnAsync(agent, "/v1/receipts/" + answer.Headers.GetValues("Smart-Proxy-Receipt").Single(), "application/json");
            if (receipt.IsSuccessStatusCode)
            {
                return await receipt.Content.ReadAsStringAsync(Cancellation);
            }

            await Task.Yield();
        }
    }
}
