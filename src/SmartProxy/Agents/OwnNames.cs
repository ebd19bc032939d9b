using System.Net;
using SmartProxy.Protocol;

namespace SmartProxy.Agents;

/// <summary>
/// Names by which the proxy's own pages may be called: addresses, <c>localhost</c>, names without a dot (those of a container network or the
/// machine), and those of a setting. A name that somebody could buy and bind to our address gets nothing, and a client that takes the proxy for
/// an origin is told so.
/// </summary>
/// <param name="more">Further names: without port, lower case.</param>
internal sealed class OwnNames(IReadOnlyCollection<string> more)
{
    public bool IsOurs(HttpContext context) =>
        HostName.TryParse(context.Request.Host.Host, out var name)
        && (IPAddress.TryParse(name.Value, out _)
            || !name.Value.Contains('.', StringComparison.Ordinal)
            || name.Value.EndsWith(".localhost", StringComparison.Ordinal)
            || more.Contains(name.Value));
}
