using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// Origins that have answered 402. A large upload to one of them asks first (<c>Expect: 100-continue</c>): an HTTP/1.1 origin that answers
/// early and closes would otherwise lose its 402 on the way. When full, the one unused for longest is forgotten: learning again costs one request.
/// </summary>
internal sealed class ChargingOrigins(IOptions<UpstreamOptions> options)
{
    private readonly RecentlyUsed<Origin, bool> _origins = new(options.Value.ChargingOrigins);
    private readonly Lock _gate = new();

    public bool Contains(Origin origin)
    {
        lock (_gate)
        {
            return _origins.TryFind(origin, out _);
        }
    }

    /// <summary>Remembers an origin, on the account of the agent that it answered.</summary>
    public void Learn(AgentId agent, Origin origin)
    {
        lock (_gate)
        {
            if (!_origins.TryFind(origin, out _))
            {
                _origins.Add(agent, origin, true);
            }
        }
    }
}
