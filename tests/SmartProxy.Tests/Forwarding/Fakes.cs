using Microsoft.AspNetCore.Http;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding;

/// <summary>One agent <c>me</c> with one token, revocable, and a second one, <c>you</c>.</summary>
internal sealed class FakeAuthenticator : IAgentAuthenticator, IDisposable
{
    public const string Token = "sp_token";

    private readonly CancellationTokenSource _revoked = new();

    public static string Basic { get; } = "Basic " + Convert.ToBase64String("me:sp_token"u8);

    /// <summary>The credentials of the second agent.</summary>
    public static string OtherBasic { get; } = "Basic " + Convert.ToBase64String("you:sp_other"u8);

    /// <summary>Further agents, by their credentials.</summary>
    public Dictionary<string, string> Others { get; } = [];

    public AgentIdentity Identity => field ??= new AgentIdentity(new AgentId("me"), _revoked.Token);

    private AgentIdentity Other => field ??= new AgentIdentity(new AgentId("you"), CancellationToken.None);

    public AgentIdentity? Authenticate(string? proxyAuthorization) =>
        (proxyAuthorization == Basic || proxyAuthorization == "Bearer " + Token) && !_revoked.IsCancellationRequested ? Identity
        : proxyAuthorization == OtherBasic ? Other
        : proxyAuthorization is not null && Others.TryGetValue(proxyAuthorization, out var name) ? new AgentIdentity(new AgentId(name), CancellationToken.None)
        : null;

    public void Revoke() => _revoked.Cancel();

    public void Dispose() => _revoked.Dispose();
}

internal sealed class FakePolicy : IPolicyView
{
    private Func<HostName, int, TunnelTreatment> _treat = (_, _) => TunnelTreatment.Intercept;

    public event Action? Changed;

    public Bytes32? Hash => default(Bytes32);

    public Dictionary<string, NamedUpstream> Upstreams { get; } = [];

    public (Bytes32? PolicyHash, IReadOnlyList<Verdict> Verdicts) Judge(IReadOnlyList<PaymentQuestion> questions) => throw new NotSupportedException();

    public TunnelTreatment Treat(AgentId agent, HostName host, int port) => _treat(host, port);

    public NamedUpstream? UpstreamOf(string merchant) => Upstreams.GetValueOrDefault(merchant);

    public IReadOnlyList<BudgetLine> LinesOf(AgentId agent) => [];

    public void Swap(TunnelTreatment treatment)
    {
        _treat = (_, _) => treatment;
        Changed?.Invoke();
    }
}

/// <summary>A payment flow as a script. By default it always pays with a dummy header.</summary>
internal sealed class ScriptedFlow : IPaymentFlow
{
    public static readonly PaidReply Pass = new([new("Smart-Proxy-Paid", "0.01")]);

    public Func<IUpstreamCall, ValueTask> Script { get; set; } = PayAsync;

    /// <summary>Signalled with the outcome of each paid attempt.</summary>
    public TaskCompletionSource<PaidAttempt> Paid { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask RunAsync(IUpstreamCall call) => await Script(call);

    public static async ValueTask PayAsync(IUpstreamCall call)
    {
        if (await call.DigestBodyAsync(CancellationToken.None) is null)
        {
            await call.PassChallengeOnAsync([new("Smart-Proxy-Reason", "body_not_replayable")]);
            return;
        }

        var paid = await call.SendPaidAsync("X-PAYMENT", "dummy", _ => Pass);
        if (paid.Head is null)
        {
            await call.AnswerAsync(new Refusal(502, "paid_without_answer", "the paid attempt got no answer; ask the operator"));
        }
    }
}

internal sealed class FakeGuard : IPaymentGuard
{
    public bool ReadsBodies { get; set; }

    public byte[]? SeenBody { get; private set; }

    public bool WantsJsonBody(AgentIdentity identity, Origin origin) => ReadsBodies;

    public Refusal? Check(AgentIdentity identity, Origin origin, IHeaderDictionary headers, ReadOnlyMemory<byte> jsonBody)
    {
        SeenBody = jsonBody.ToArray();
        return headers.ContainsKey("X-PAYMENT")
            ? new Refusal(403, "own_payment_not_allowed", "leave the payment to the proxy; remove the header")
            : null;
    }

    public string? FindInMessage(ReadOnlyMemory<byte> message) => SmartProxy.Protocol.Mpp.PaymentCredentials.FindInFrame(message.Span);
}
