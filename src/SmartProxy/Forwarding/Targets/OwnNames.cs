using System.Net;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Targets;

/// <summary>
/// Names by which what is ours on the proxy port may be called, the agents' pages and the named upstreams: addresses, <c>localhost</c>, names without a
/// dot (those of a container network or the machine), and those of a setting. A name that somebody could buy and bind to our address gets nothing,
/// and a client that takes the proxy for an origin is told so.
/// </summary>
/// <param name="more">Further names: without port, lower case.</param>
internal sealed class OwnNames(IReadOnlyCollection<string> more)
{
    /// <summary>Why a request is not served as ours, or null.</summary>
    public Refusal? Find(HttpRequest request) =>
        request.Headers.Host.ToString().Length == 0 && !HttpProtocol.IsHttp10(request.Protocol)
            ? new Refusal(StatusCodes.Status400BadRequest, "malformed_request", "Host is empty; name the proxy's address")
            : IsOurs(request.Host.Host)
            ? null
            : new Refusal(StatusCodes.Status421MisdirectedRequest, "unknown_host", "this is a proxy; call its own pages by its address, or send the request through it");

    private bool IsOurs(string host) =>
        HostName.TryParse(host, out var name)
        && (IPAddress.TryParse(name.Value, out _)
            || !name.Value.Contains('.', StringComparison.Ordinal)
            || name.Value.EndsWith(".localhost", StringComparison.Ordinal)
            || more.Contains(name.Value));
}
