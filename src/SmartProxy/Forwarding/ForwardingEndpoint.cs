using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Attempts;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace SmartProxy.Forwarding;

/// <summary>
/// The data path of one request: resolve, check, send, and on a 402 hand over to the payment flow. Free traffic pays for one comparison.
/// </summary>
internal sealed partial class ForwardingEndpoint(
    TargetResolver targets,
    ForwardingParts parts,
    Admission admission,
    Exchanges exchanges,
    IPaymentGuard guard,
    IPaymentFlow payments,
    ILogger<ForwardingEndpoint> logger)
{
    private const int GuardBytes = 64 * 1024;

    /// <summary>Serves requests that are to be forwarded and leaves our own, origin-form ones to <paramref name="next"/>.</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var isExtendedConnect = context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true;
        if (HttpMethods.IsConnect(context.Request.Method) && !isExtendedConnect)
        {
            return Problem.AnswerAsync(context, new Refusal(501, "late_connect", "CONNECT must be the first request on a connection; open a new one")).AsTask();
        }

        // What is ambiguous is refused before anybody judges it.
        if (MessageFaults.Find(context.Request) is { } fault)
        {
            return Problem.AnswerAsync(context, fault).AsTask();
        }

        var (target, refusal) = targets.Resolve(context);
        if (refusal is not null)
        {
            return Problem.AnswerAsync(context, refusal).AsTask();
        }

        return target is null ? next(context) : ForwardAsync(context, target);
    }

    /// <summary>Forwards one request to a target that the caller has resolved and allowed; also the way of named upstreams.</summary>
    public Task ForwardAsync(HttpContext context, ForwardTarget target) =>
        Check(context, target.Identity.Agent) is { } refusal
            ? Problem.AnswerAsync(context, refusal).AsTask()
            : admission.RequestAsync(context, target.Identity.Agent, () => SendAsync(context, target, whenFree: null));

    /// <summary>
    /// Sends one request unpaid for who only asks what it would cost, on the same way with the same rules. A 402 goes to the payment flow, as a
    /// quote; of any other answer only the status is looked at, by <paramref name="whenFree"/>. The caller has let the agent in.
    /// </summary>
    public Task ProbeAsync(HttpContext context, ForwardTarget target, Func<int, Task> whenFree) =>
        // INVARIANT: a described request was never read from a wire, so nobody has looked at its fields yet.
        (MessageFaults.Find(context.Request) ?? Check(context, target.Identity.Agent)) is { } refusal
            ? Problem.AnswerAsync(context, refusal).AsTask()
            : SendAsync(context, target, whenFree);

    private async Task SendAsync(HttpContext context, ForwardTarget target, Func<int, Task>? whenFree)
    {
        await using var body = TeeBody(context, target);
        if (await GuardAsync(context, target, body) is { } refusal)
        {
            await Problem.AnswerAsync(context, refusal);
            return;
        }

        var attempt = new FirstAttempt(target, parts, body) { ShowsFree = whenFree is null };
        var error = await SendAsync(context, attempt, target);
        using var held = attempt.Held;
        if (held is not null)
        {
            await PayAsync(new UpstreamCall(context, target, parts, body, held) { IsProbe = whenFree is not null });
        }
        else if (attempt.FreeStatus is { } status)
        {
            await whenFree!(status);
        }
        else if (attempt.Fault is { } malformed)
        {
            await Problem.AnswerAsync(context, UpstreamFailures.Malformed(malformed));
        }
        else if (error != ForwarderError.None && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            await Problem.AnswerAsync(context, UpstreamFailures.From(error, context.GetForwarderErrorFeature()?.Exception));
        }
    }

    private async ValueTask<ForwarderError> SendAsync(HttpContext context, FirstAttempt attempt, ForwardTarget target)
    {
        using var open = parts.Open.Watch(context, target);
        return await parts.Forwarder.SendAsync(context, target.Prefix, parts.Client.Invoker, parts.Unpaid, attempt);
    }

    private async ValueTask PayAsync(UpstreamCall call)
    {
        if (!exchanges.TryBegin())
        {
            await call.AnswerAsync(new Refusal(503, "shutting_down", "the proxy is about to stop and signs nothing new; try again later") { RetryAfterSeconds = 5 });
            return;
        }

        try
        {
            await payments.RunAsync(call);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFlowFailed(e, call.Identity.Agent.Value, call.Origin.Host.Value);
        }
        finally
        {
            exchanges.End();
        }

        if (!call.IsAnswered)
        {
            await call.AnswerAsync(new Refusal(503, "payment_unavailable", "the payment could not be handled; try again later"));
        }
    }

    private Refusal? Check(HttpContext context, AgentId agent)
    {
        var request = context.Request;
        if (HttpMethods.IsTrace(request.Method))
        {
            return new Refusal(405, "method_not_allowed", "TRACE would echo credentials and is not forwarded; use another method");
        }

        if (HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey("Max-Forwards"))
        {
            switch (Attempt.MaxForwards(request))
            {
                case null:
                    return new Refusal(400, "malformed_request", "Max-Forwards is no number; send one, or leave it out");
                case 0:
                    return new Refusal(400, "max_forwards_reached", "Max-Forwards is 0, so this request ends here; raise it to reach the origin");
            }
        }

        if (request.Headers.Expect.Count > 0 && !string.Equals(request.Headers.Expect, "100-continue", StringComparison.OrdinalIgnoreCase))
        {
            return new Refusal(417, "expectation_failed", "only `Expect: 100-continue` is known; leave the header out");
        }

        if (parts.Via.IsIn(request.Headers.Via))
        {
            return new Refusal(508, "proxy_loop", "this request has passed this proxy before; check the proxy settings on its way");
        }

        return CheckUpgrade(context, agent);
    }

    // Only WebSocket is relayed. Any other protocol is not offered to the origin; the request goes on as plain HTTP (RFC 9110 7.8).
    private Refusal? CheckUpgrade(HttpContext context, AgentId agent)
    {
        var headers = context.Request.Headers;
        if (headers.Upgrade.Count > 0 && !string.Equals(headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase))
        {
            headers.Upgrade = default;
        }

        var extended = context.Features.Get<IHttpExtendedConnectFeature>();
        if (extended is { IsExtendedConnect: true } && !string.Equals(extended.Protocol, "websocket", StringComparison.OrdinalIgnoreCase))
        {
            return new Refusal(501, "protocol_not_supported", "only WebSocket is relayed over an extended CONNECT; use it or plain HTTP");
        }

        if (Attempt.IsUpgrade(context))
        {
            GuardMessages(context, extended, parts.Messages.Of(agent));
        }

        return null;
    }

    private void GuardMessages(HttpContext context, IHttpExtendedConnectFeature? extended, AgentQuota.Share share)
    {
        // Compressed messages can't be looked into (RFC 7692).
        context.Request.Headers.SecWebSocketExtensions = default;
        if (extended is { IsExtendedConnect: true })
        {
            context.Features.Set<IHttpExtendedConnectFeature>(new GuardedExtendedConnect(extended, share, guard.FindInMessage));
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { } upgrade)
        {
            context.Features.Set<IHttpUpgradeFeature>(new GuardedUpgrade(upgrade, share, guard.FindInMessage));
        }
    }

    private ReplayableBody? TeeBody(HttpContext context, ForwardTarget target)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != true || Attempt.IsUpgrade(context))
        {
            return null;
        }

        // A body without an announced length may be a stream that speaks once in a while.
        if (context.Request.ContentLength is null && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        var body = new ReplayableBody(context.Request.Body, parts.ReplayBytes, parts.Budget.Of(target.Identity.Agent));
        context.Request.Body = body;
        return body;
    }

    private async ValueTask<Refusal?> GuardAsync(HttpContext context, ForwardTarget target, ReplayableBody? body)
    {
        var headers = context.Request.Headers;
        if (body is null || !IsJson(headers.ContentType) || !guard.WantsJsonBody(target.Identity, target.Origin))
        {
            return guard.Check(target.Identity, target.Origin, headers, default);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(parts.BodyTime);
        try
        {
            // What is longer is looked into as far as it was read: a payment stands near the beginning or is refused by nobody.
            await body.PeekAsync(GuardBytes, deadline.Token);
            return guard.Check(target.Identity, target.Origin, headers, body.ToArray());
        }
        catch (IOException e)
        {
            return UpstreamFailures.From(ForwarderError.RequestBodyClient, e);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return new Refusal(408, "request_body_failed", "the request body came too slowly to be looked at; send it again, faster");
        }
    }

    private static bool IsJson(string? contentType)
    {
        var type = contentType.AsSpan();
        var parameters = type.IndexOf(';');
        var name = (parameters < 0 ? type : type[..parameters]).Trim();
        return name.Equals("application/json", StringComparison.OrdinalIgnoreCase) || name.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Error, Message = "Payment flow failed for {Agent} at {Host}")]
    private partial void LogFlowFailed(Exception exception, string agent, string host);
}
