using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Origins;

/// <summary>
/// Connections to origins, those that are kept for the next request among them: so many for all, and in them a share for each agent. Who uses up half
/// of either loses those that are only kept, so that there is room before it is needed.
/// </summary>
internal sealed class OriginPlaces(IOptions<UpstreamOptions> options)
{
    private readonly AgentQuota _places = new(OpenFiles.Bound(options.Value.MaxConnections, OpenFiles.ToOrigins), options.Value.MaxConnectionsPerAgent);
    private readonly ConcurrentDictionary<AgentId, Action> _keepers = new();

    /// <summary>Places that are taken now.</summary>
    public long Taken => _places.Taken;

    /// <summary>Says how the connections of an agent end that nobody uses.</summary>
    public void Keep(AgentId agent, Action endIdle) => _keepers.TryAdd(agent, endIdle);

    /// <summary>A place for a new connection of an agent; it is given back with <see cref="AgentQuota.Share.Give"/>.</summary>
    /// <exception cref="DestinationException">The agent, or all together, have as many in use as they may.</exception>
    public AgentQuota.Share Take(AgentId agent, HostName host)
    {
        var share = _places.Of(agent);
        var isTaken = share.TryTake(1);
        if (share.IsHalfTaken)
        {
            EndIdle(agent);
        }
        else if (_places.IsHalfTaken)
        {
            EndIdle(_places.Largest);
        }

        return isTaken ? share : throw new DestinationException(share.IsFull ? DestinationFailure.TooManyConnections : DestinationFailure.Overloaded, host);
    }

    private void EndIdle(AgentId agent)
    {
        if (_keepers.TryGetValue(agent, out var endIdle))
        {
            endIdle();
        }
    }
}
