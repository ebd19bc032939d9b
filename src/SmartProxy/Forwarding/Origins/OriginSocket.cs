using System.Net;
using System.Net.Sockets;
using SmartProxy.Connections;

namespace SmartProxy.Forwarding.Origins;

/// <summary>A connection to an origin. It gives its place back when it is closed.</summary>
internal sealed class OriginSocket : Socket
{
    private readonly AgentQuota.Share _place;
    private int _isClosed;

    public OriginSocket(IPEndPoint endpoint, AgentQuota.Share place)
        : base(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
    {
        _place = place;
        NoDelay = true;
        UnsentBytes.Bound(this);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);

        // A socket that could not be made was never told its place; one that nobody closed is closed by the collector.
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            _place?.Give(1);
        }
    }
}
