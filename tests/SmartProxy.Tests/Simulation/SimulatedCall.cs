using System.Text;
using Microsoft.AspNetCore.Http;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using SmartProxy.Tests.Payments;

namespace SmartProxy.Tests.Simulation;

/// <summary>What a seller does with a payment. Whatever it is, it has the signature and keeps it.</summary>
internal enum Conduct
{
    Honest,
    AskAgain,
    AskDearer,
    AskForAnother,
    SayItFailed,
    SayItFailedAndSettle,
    SayItSettled,
    SayItSettledAndFail,
    Fail,
    Deliver,
    BreakOff,
    Reset,
}

/// <summary>One request of an agent at a seller that may do anything.</summary>
internal sealed class SimulatedCall(SimulatedWorld world, SimulatedProxy process, Purchase purchase, Demand demand) : IUpstreamCall
{
    /// <summary>Whose request the running code serves.</summary>
    public static readonly AsyncLocal<SimulatedCall?> Current = new();

    public Purchase Purchase => purchase;

    public Demand Demand => demand;

    /// <summary>What was signed for it; the payment that an earlier request made, when that is presented again.</summary>
    public Promises.Signed? Signed { get; set; }

    /// <summary>What the agent heard: a status and our reason, or the seller's status.</summary>
    public string? Answer { get; private set; }

    public AgentIdentity Identity { get; } = new(new AgentId(purchase.Agent), "t1", CancellationToken.None);

    public Origin Origin { get; } = ScriptedCall.Parse($"https://{purchase.Seller}.test");

    public string Method => purchase.Method;

    public string Target => purchase.Path;

    public bool IsUpgrade => false;

    public CancellationToken AgentGone => CancellationToken.None;

    public HeldAnswer Challenge { get; } = demand.ToAnswer();

    public string? RequestHeader(string name) => name == PaymentRequest.IdempotencyKey ? purchase.Key : null;

    public async ValueTask<Bytes32?> DigestBodyAsync(CancellationToken cancellationToken)
    {
        await process.BreatheAsync();
        return Bytes32.Sha256([]);
    }

    public async ValueTask<PaidAttempt> SendPaidAsync(string headerName, string headerValue, Func<AnswerHead, PaidReply> onHead)
    {
        await process.BreatheAsync();
        var signed = world.Receive(headerValue);
        var conduct = await world.ConductAsync(purchase);
        await process.BreatheAsync();
        var isSettled = conduct is Conduct.Honest or Conduct.SayItFailedAndSettle && world.Settle(signed) is null;
        if (HeadOf(conduct, isSettled) is not { } head)
        {
            return new PaidAttempt(null, IsComplete: false, NeverSent: false, default);
        }

        signed.IsAnswered |= head.Status < 400 || conduct is Conduct.SayItSettledAndFail;
        var reply = onHead(head);
        var isShown = conduct is not Conduct.BreakOff;
        Answer = reply.Instead is { } instead ? instead.Reason : $"{head.Status}";
        return new PaidAttempt(head, IsComplete: isShown, NeverSent: false, default, isShown);
    }

    public ValueTask PassChallengeOnAsync(IReadOnlyList<KeyValuePair<string, string>> headers) => Hear("402");

    public ValueTask AnswerAsync(Refusal refusal) => Hear(refusal.Reason);

    public ValueTask AnswerJsonAsync(ReadOnlyMemory<byte> document) => Hear("json");

    private AnswerHead? HeadOf(Conduct conduct, bool isSettled) => conduct switch
    {
        Conduct.Honest when !isSettled => Told(402, """{"success":false,"transaction":"","network":"eip155:84532","errorReason":"expired"}"""),
        Conduct.Honest or Conduct.SayItSettled or Conduct.BreakOff => Told(200, """{"success":true,"transaction":"0xabc","network":"eip155:84532"}"""),
        Conduct.SayItSettledAndFail => Told(500, """{"success":true,"transaction":"0xabc","network":"eip155:84532"}"""),
        Conduct.SayItFailed or Conduct.SayItFailedAndSettle => Told(402, """{"success":false,"transaction":"","network":"eip155:84532","errorReason":"no"}"""),
        Conduct.AskAgain => demand.ToAnswer().Head,
        Conduct.AskDearer => (demand with { Amount = demand.Amount * 2 }).ToAnswer().Head,
        Conduct.AskForAnother => (demand with { PayTo = Demand.Stranger }).ToAnswer().Head,
        Conduct.Fail => new AnswerHead(500, new HeaderDictionary()),
        Conduct.Deliver => new AnswerHead(200, new HeaderDictionary()),
        Conduct.Reset => null,
        _ => throw new NotSupportedException(),
    };

    private static AnswerHead Told(int status, string settlement) =>
        new(status, new HeaderDictionary { ["PAYMENT-RESPONSE"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(settlement)) });

    private ValueTask Hear(string answer)
    {
        Answer = answer;
        return ValueTask.CompletedTask;
    }
}

/// <summary>What a seller asks for.</summary>
/// <param name="Amount">Token units, which are micro-dollars.</param>
/// <param name="PayTo">To whom.</param>
/// <param name="Seconds">For how long the authorization may be valid.</param>
internal sealed record Demand(ulong Amount, string PayTo, int Seconds)
{
    public const string Stranger = "0x9999999999999999999999999999999999999999";

    /// <summary>The longest validity by default, in seconds.</summary>
    private const int ByDefault = 120;

    public int LongestValidity => Math.Min(Seconds, ByDefault);

    public HeldAnswer ToAnswer()
    {
        var document = $$$"""
            {"x402Version":2,"error":"Payment required","resource":{"url":"https://seller.test/"},"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"{{{Amount}}}",
            "asset":"{{{FlowKit.Usdc}}}","payTo":"{{{PayTo}}}","maxTimeoutSeconds":{{{Seconds}}},"extra":{"name":"USDC","version":"2"}}]}
            """;
        return new HeldAnswer(
            new AnswerHead(402, new HeaderDictionary { ["PAYMENT-REQUIRED"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(document)) }), "{}"u8.ToArray(), IsBodyWhole: true);
    }
}
