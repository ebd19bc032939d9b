using SmartProxy.Drill;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using SmartProxy.Tests.Payments;

namespace SmartProxy.Tests.Simulation;

/// <summary>One request of an agent at a seller that may do anything.</summary>
internal sealed class SimulatedCall(SimulatedWorld world, SimulatedProxy process, Purchase purchase, SellerTerms terms) : IUpstreamCall
{
    // The longest validity where nothing is said, in seconds.
    private const int ByDefault = 120;

    /// <summary>Whose request the running code serves.</summary>
    public static readonly AsyncLocal<SimulatedCall?> Current = new();

    public Purchase Purchase => purchase;

    public SellerTerms Terms => terms;

    public int LongestValidity => Math.Min(terms.Seconds, ByDefault);

    /// <summary>What was signed for it; the payment that an earlier request made, when that is presented again.</summary>
    public Promises.Signed? Signed { get; set; }

    /// <summary>What the agent heard: a status and our reason, or the seller's status.</summary>
    public string? Answer { get; private set; }

    public AgentIdentity Identity { get; } = new(new AgentId(purchase.Agent), CancellationToken.None);

    public Origin Origin { get; } = ScriptedCall.Parse($"https://{purchase.Seller}.test");

    public string Method => purchase.Method;

    public string Target => purchase.Path;

    public bool IsUpgrade => false;

    public CancellationToken AgentGone => CancellationToken.None;

    public HeldAnswer Challenge { get; } = terms.ToAnswer();

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
        var conduct = await world.ConductAsync();
        await process.BreatheAsync();
        var takes = conduct is SellerConduct.Deliver or SellerConduct.TakeAndFail || (conduct is SellerConduct.SayFailed && world.Chance.Next(2) == 0);
        var isTaken = takes && world.Settle(signed) is null;
        if (terms.AnswerOf(conduct is SellerConduct.Deliver && !isTaken ? SellerConduct.SayFailed : conduct) is not { } head)
        {
            return new PaidAttempt(null, IsComplete: false, NeverSent: false, default);
        }

        signed.IsAnswered |= head.Status < 400 || conduct is SellerConduct.TakeAndFail;
        var reply = onHead(head);
        var isShown = conduct is not SellerConduct.BreakOff;
        Answer = reply.Instead is { } instead ? instead.Reason : $"{head.Status}";
        return new PaidAttempt(head, IsComplete: isShown, NeverSent: false, default, isShown);
    }

    public ValueTask PassChallengeOnAsync(IReadOnlyList<KeyValuePair<string, string>> headers) => Hear("402");

    public ValueTask AnswerAsync(Refusal refusal) => Hear(refusal.Reason);

    public ValueTask AnswerJsonAsync(ReadOnlyMemory<byte> document) => Hear("json");

    private ValueTask Hear(string answer)
    {
        Answer = answer;
        return ValueTask.CompletedTask;
    }
}
