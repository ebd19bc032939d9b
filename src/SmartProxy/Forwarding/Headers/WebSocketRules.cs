using Microsoft.AspNetCore.Http.Features;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Payments;
using SmartProxy.Policies;

namespace SmartProxy.Forwarding.Headers;

/// <summary>
/// Which requests become WebSockets. No other protocol is relayed, and only what is a handshake by its standard (RFC 6455 4.2.1, RFC 8441 5): the
/// forwarder would make a GET of whatever it is given, and another request would be judged than the one that is sent.
/// </summary>
internal sealed class WebSocketRules(IPolicyView policy, IPaymentGuard guard, MessageBudget messages)
{
    private const string Protocol = "websocket";
    private const int KeyBytes = 16;
    private const int KeyLength = 24;

    /// <summary>Whether a request asks for another protocol on its connection or stream.</summary>
    public static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true
        || (context.Request.Headers.Upgrade.Count > 0 && context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true);

    /// <summary>Refuses what is no handshake, and one to where the policy wants none. On one that may pass, agents' messages are looked into from then on.</summary>
    public Refusal? Check(HttpContext context, ForwardTarget target)
    {
        // Any other protocol is not offered to the origin; the request goes on as plain HTTP (RFC 9110 7.8).
        var headers = context.Request.Headers;
        if (headers.Upgrade.Count > 0 && !string.Equals(headers.Upgrade, Protocol, StringComparison.OrdinalIgnoreCase))
        {
            headers.Upgrade = default;
        }

        var extended = context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } feature ? feature : null;
        if (extended is not null && !string.Equals(extended.Protocol, Protocol, StringComparison.OrdinalIgnoreCase))
        {
            return new Refusal(501, "protocol_not_supported", "only WebSocket is relayed over an extended CONNECT; use it or plain HTTP");
        }

        if (!IsUpgrade(context))
        {
            return null;
        }

        if (!IsHandshake(context.Request, extended is not null))
        {
            return new Refusal(400, "malformed_upgrade", "an upgrade to WebSocket is a GET with one Sec-WebSocket-Key of 16 bytes in base64 and Sec-WebSocket-Version: 13 (over HTTP/2 a CONNECT with that version); use a client library for it");
        }

        if (!policy.AllowsWebSockets(target.Identity.Agent, target.Origin.Host, target.Origin.Port))
        {
            return new Refusal(403, "websocket_not_allowed", "the policy lets this agent open no WebSocket at this host; use plain requests, or ask the operator to change `webSockets`");
        }

        GuardMessages(context, extended, messages.Of(target.Identity.Agent));
        return null;
    }

    // The key is the connection's; over HTTP/2 the stream is, and there is none.
    private static bool IsHandshake(HttpRequest request, bool isExtended) =>
        request.Headers.SecWebSocketVersion is ["13"]
        && (isExtended || (HttpMethods.IsGet(request.Method) && request.Headers.SecWebSocketKey is [{ Length: KeyLength } key] && IsKey(key)));

    private static bool IsKey(string key) =>
        Convert.TryFromBase64String(key, new byte[KeyLength], out var length) && length == KeyBytes;

    private void GuardMessages(HttpContext context, IHttpExtendedConnectFeature? extended, AgentQuota.Share share)
    {
        // Compressed messages can't be looked into (RFC 7692).
        context.Request.Headers.SecWebSocketExtensions = default;
        if (extended is not null)
        {
            context.Features.Set<IHttpExtendedConnectFeature>(new GuardedExtendedConnect(extended, share, guard.FindInMessage));
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { } upgrade)
        {
            context.Features.Set<IHttpUpgradeFeature>(new GuardedUpgrade(upgrade, share, guard.FindInMessage));
        }
    }
}
