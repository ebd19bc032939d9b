using SmartProxy.Payments;

namespace SmartProxy.Tests.Payments;

/// <summary>A payment that is presented again and again: each answer names the receipt that says what came of it.</summary>
public sealed class PresentedPaymentTests
{
    [Fact]
    public async Task Each_answer_names_the_receipt_that_says_what_came_of_it()
    {
        await using var kit = await FlowKit.CreateAsync();
        var lost = await AskAsync(kit, _ => ScriptedAnswer.Lost);
        var lostAgain = await AskAsync(kit, _ => ScriptedAnswer.Lost);
        var failed = await AskAsync(kit, _ => ScriptedAnswer.Of(500));
        var brokeOff = await AskAsync(kit, payment => FlowKit.Paid(payment) with { BreaksOff = true, Ending = BodyEnding.Truncated });

        // In doubt; nothing new; nothing new; settled, and then not delivered.
        var first = lost.Answered!.ReceiptId!;
        Assert.Equal((first, first, first + ".3"), (lostAgain.Answered!.ReceiptId, Named(failed), brokeOff.Answered!.ReceiptId));
        Assert.Single(((ScriptedCall[])[lost, lostAgain, failed, brokeOff]).SelectMany(call => call.Payments).Distinct());
    }

    private static async Task<ScriptedCall> AskAsync(FlowKit kit, Func<string, ScriptedAnswer> answer)
    {
        var call = new ScriptedCall(FlowKit.Cent(), answer) { Method = "POST" };
        await kit.Flow.RunAsync(call);
        return call;
    }

    private static string Named(ScriptedCall call) => call.Passed!.Value.Headers.Single(header => header.Key == "Smart-Proxy-Receipt").Value;
}
