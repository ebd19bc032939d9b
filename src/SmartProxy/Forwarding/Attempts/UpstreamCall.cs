using Microsoft.AspNetCore.Http.Features;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace SmartProxy.Forwarding.Attempts;

/// <summary>A request that was answered with a 402, in the hands of the payment flow. Made only then: free traffic has none.</summary>
internal sealed class UpstreamCall(HttpContext context, ForwardTarget target, ForwardingParts parts, ReplayableBody? body, HeldResponse held) : IUpstreamCall
{
    private static readonly Bytes32 EmptyDigest = Bytes32.Sha256([]);

    public AgentIdentity Identity => target.Identity;

    public Origin Origin => target.Origin;

    /// <summary>A WebSocket over HTTP/2 comes as an extended CONNECT (RFC 8441) and is a GET to everyone else.</summary>
    public string Method => HttpMethods.IsConnect(context.Request.Method) ? HttpMethods.Get : context.Request.Method;

    public string Target => target.Target;

    public bool IsUpgrade { get; } = Attempt.IsUpgrade(context);

    public HeldAnswer Challenge => held.Answer;

    public CancellationToken AgentGone => context.RequestAborted;

    /// <summary>Whether nobody wants the origin's answer, only what there is to say about it.</summary>
    public bool IsProbe { get; init; }

    /// <summary>Whether the agent has an answer, or the beginning of one.</summary>
    public bool IsAnswered { get; private set; }

    public string? RequestHeader(string name) =>
        context.Request.Headers.TryGetValue(name, out var values) ? string.Join(',', values.ToArray()) : null;

    public async ValueTask<Bytes32?> DigestBodyAsync(CancellationToken cancellationToken)
    {
        // An agent that has gone, or has reset its stream, starts no payment.
        context.RequestAborted.ThrowIfCancellationRequested();
        if (body is null)
        {
            return EmptyDigest;
        }

        // An upload that stalls after the 402 came would wait for ever: nothing else looks at the clock then.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, context.RequestAborted);
        deadline.CancelAfter(parts.BodyTime);
        try
        {
            return await body.CompleteAsync(deadline.Token) ? body.Digest() : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <remarks>
    /// 1. The unpaid attempt is over: its answer is let go and the response is reset, or the forwarder would call it started.
    /// 2. The body starts over. 3. The agent's disconnect is set aside; it only bounds how long an answer is read that nobody waits for.
    /// 4. The forwarder sends once more; <see cref="PaidSending"/> adds the payment and shows the head.
    /// </remarks>
    public async ValueTask<PaidAttempt> SendPaidAsync(string headerName, string headerValue, Func<AnswerHead, PaidReply> onHead)
    {
        held.Dispose();
        context.Response.Clear();
        body?.Rewind();

        var agentLeft = context.RequestAborted;
        context.RequestAborted = CancellationToken.None;
        using var drain = new CancellationTokenSource();
        using var sending = new PaidSending(target, parts, headerName, headerValue, onHead, drain);
        using var registration = agentLeft.Register(sending.AgentLeft);

        context.Features.Set<IForwarderErrorFeature>(null);
        var error = await parts.Forwarder.SendAsync(context, target.Prefix, parts.Client.Invoker, parts.Paid, sending, drain.Token);
        context.RequestAborted = agentLeft;

        var ending = EndingOf(sending, error, agentLeft.IsCancellationRequested);
        IsAnswered = sending.Head is not null && sending.Instead is null && (context.Response.HasStarted || error == ForwarderError.None);
        if (sending.Instead is { } refusal)
        {
            await AnswerAsync(refusal);
        }

        var isComplete = sending.Instead is null ? sending.Head is not null && error == ForwarderError.None : sending.IsDrained;
        return new PaidAttempt(sending.Head, isComplete, NeverSent: sending.Head is null && !sending.Mark.Sent, sending.Body, IsAnswered) { Ending = ending };
    }

    // A head travels with the first byte of its body: an answer that came whole and did not start ours had none. An agent that leaves is another error
    // than an origin that breaks off; after the latter the agent's connection is aborted, too.
    private BodyEnding EndingOf(PaidSending sending, ForwarderError error, bool hasAgentLeft) =>
        sending.Head is null || sending.Instead is not null ? BodyEnding.Fine
        : error is ForwarderError.ResponseBodyDestination ? BodyEnding.Truncated
        : error is ForwarderError.None && !hasAgentLeft && !context.Response.HasStarted ? BodyEnding.Empty
        : BodyEnding.Fine;

    public async ValueTask PassChallengeOnAsync(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        IsAnswered = true;
        if (IsProbe)
        {
            await OwnJson.AnswerAsync(context, Probe.NotPayable(headers.Select(header => header.Value).FirstOrDefault()));
            return;
        }

        var response = context.Response;
        response.Clear();
        response.StatusCode = held.Answer.Head.Status;
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = held.ReasonPhrase;
        }

        foreach (var (name, values) in held.Answer.Head.Headers)
        {
            response.Headers[name] = values;
        }

        foreach (var (name, value) in headers)
        {
            response.Headers[name] = value;
        }

        try
        {
            await CopyAsync(held.OpenBody(), response.Body);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            context.Abort();
        }
    }

    // The forwarder is done with this answer, so its clock is ours to look at.
    private async Task CopyAsync(Stream source, Stream destination)
    {
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var buffer = new byte[16 * 1024];
        int count;
        do
        {
            stalled.CancelAfter(parts.Unpaid.ActivityTimeout!.Value);
            count = await source.ReadAsync(buffer, stalled.Token);
            await destination.WriteAsync(buffer.AsMemory(0, count), stalled.Token);
        }
        while (count > 0);
    }

    public ValueTask AnswerAsync(Refusal refusal)
    {
        IsAnswered = true;
        return Problem.AnswerAsync(context, refusal);
    }

    public ValueTask AnswerJsonAsync(ReadOnlyMemory<byte> document)
    {
        IsAnswered = true;
        return OwnJson.AnswerAsync(context, document);
    }
}
