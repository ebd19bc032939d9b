using Microsoft.AspNetCore.Http.Features;
using SmartProxy.Connections;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Targets;

/// <summary>Finds out where a request goes: fixed by its tunnel, named in its absolute form, the upstream of a merchant, or us.</summary>
internal sealed class TargetResolver(IAgentAuthenticator authenticator, IPolicyView policy)
{
    /// <summary>Carries an agent's token on our own address.</summary>
    public const string TokenHeader = "Smart-Proxy-Token";

    /// <summary>A target, a refusal, or neither: then the request is meant for our own endpoints.</summary>
    public (ForwardTarget? Target, Refusal? Refusal) Resolve(HttpContext context)
    {
        var rawTarget = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (context.Features.Get<ITunnelFeature>() is { } tunnel)
        {
            return InTunnel(context.Request, tunnel, rawTarget);
        }

        if (rawTarget.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            return AbsoluteForm(context.Request, rawTarget);
        }

        if (NamedUpstream.TrySplit(rawTarget, out var merchant, out var rest))
        {
            return Named(context.Request, merchant, rest);
        }

        return rawTarget.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? (null, Refuse(400, "https_needs_connect", "an https address reaches this proxy through CONNECT; use a client that tunnels"))
            : (null, null);
    }

    // The tunnel decides. Host only has to agree with it: it would steer SNI and certificate checks otherwise.
    private static (ForwardTarget? Target, Refusal? Refusal) InTunnel(HttpRequest request, ITunnelFeature tunnel, string rawTarget)
    {
        var authority = request.Headers.Host.ToString();
        if (authority.Length == 0 && !HttpProtocol.IsHttp10(request.Protocol))
        {
            return (null, Refuse(400, "malformed_request", "Host is empty; name the host of the CONNECT"));
        }

        var agrees = authority.Length == 0 || Agrees(authority, tunnel);
        if (TrySplit(rawTarget, out var named, out var target))
        {
            var isSameScheme = rawTarget.StartsWith(tunnel.IsTls ? "https:" : "http:", StringComparison.OrdinalIgnoreCase);
            (agrees, rawTarget) = (agrees && isSameScheme && Agrees(named, tunnel), target);
        }

        return agrees
            ? Create(request, tunnel.Identity, new Origin(tunnel.IsTls, tunnel.Host, tunnel.Port), rawTarget)
            : (null, Refuse(421, "misdirected_request", "the authority differs from that of the CONNECT; open a tunnel to each host"));
    }

    private static bool Agrees(string authority, ITunnelFeature tunnel) =>
        Origin.TryParseAuthority(authority, tunnel.IsTls ? Origin.HttpsPort : Origin.HttpPort, out var host, out var port)
        && host == tunnel.Host
        && port == tunnel.Port;

    private (ForwardTarget? Target, Refusal? Refusal) AbsoluteForm(HttpRequest request, string rawTarget)
    {
        if (authenticator.Authenticate(request.Headers.ProxyAuthorization) is not { } identity)
        {
            return (null, Refuse(407, "proxy_authentication_required", "send the agent's name and token; they belong into the proxy's URL"));
        }

        if (!TrySplit(rawTarget, out var authority, out var target)
            || (request.Headers.Host.ToString().Length == 0 && !HttpProtocol.IsHttp10(request.Protocol))
            || !Origin.TryParseAuthority(authority, Origin.HttpPort, out var host, out var port))
        {
            return (null, Refuse(400, "malformed_request", "the target is no `http://host[:port]/path` address, or Host is empty; send both"));
        }

        return CreateAllowed(request, identity, new Origin(IsHttps: false, host, port), target);
    }

    // The token comes as for our own pages; `Authorization` is the origin's.
    private (ForwardTarget? Target, Refusal? Refusal) Named(HttpRequest request, string merchant, string rest)
    {
        var token = request.Headers[TokenHeader];
        if (authenticator.Authenticate(token.Count > 0 ? $"Bearer {token}" : request.Headers.ProxyAuthorization) is not { } identity)
        {
            return (null, Refuse(401, "token_required", $"send the agent's token as {TokenHeader}"));
        }

        return policy.UpstreamOf(merchant) is { } upstream
            ? CreateAllowed(request, identity, upstream.Origin, upstream.TargetOf(rest), upstream)
            : (null, Refuse(404, "upstream_not_found", "the policy names no merchant with an upstream by this name; the address is /u/MERCHANT/…"));
    }

    private (ForwardTarget? Target, Refusal? Refusal) CreateAllowed(HttpRequest request, AgentIdentity identity, Origin origin, string target, NamedUpstream? upstream = null) =>
        policy.Treat(identity.Agent, origin.Host, origin.Port) switch
        {
            TunnelTreatment.Intercept or TunnelTreatment.Blind => Create(request, identity, origin, target, upstream),
            TunnelTreatment.Refuse => (null, EgressRefusals.NotListed),
            TunnelTreatment.RefusePort => (null, EgressRefusals.Port),
        };

    private static (ForwardTarget? Target, Refusal? Refusal) Create(HttpRequest request, AgentIdentity identity, Origin origin, string target, NamedUpstream? upstream = null) =>
        target is "" or "*" && HttpMethods.IsOptions(request.Method)
            ? (null, Refuse(400, "malformed_request", "OPTIONS for a whole server is not passed on (RFC 9112 3.2.4); name a path"))
            : ForwardTarget.TryCreate(identity, origin, target, out var result, upstream)
            ? (result, null)
            : (null, Refuse(400, "malformed_request", "the target holds a fragment or characters that no target may hold; encode them"));

    /// <summary>Splits an absolute form; false for an origin form, which starts with a slash.</summary>
    private static bool TrySplit(string url, out string authority, out string target)
    {
        (authority, target) = ("", "");
        var start = url.StartsWith('/') ? -1 : url.IndexOf("://", StringComparison.Ordinal);
        if (start < 0)
        {
            return false;
        }

        start += 3;
        var length = url.AsSpan(start).IndexOfAny('/', '?', '#');
        (authority, target) = length < 0 ? (url[start..], "") : (url.Substring(start, length), url[(start + length)..]);
        return true;
    }

    private static Refusal Refuse(int status, string reason, string detail) => new(status, reason, detail);
}
