using System.Net;
using System.Net.NetworkInformation;

namespace SmartProxy.Forwarding.Targets;

/// <summary>The addresses on which this process listens. Nothing reaches them through the proxy, whatever the operator allows.</summary>
internal sealed class OwnListeners
{
    private IPEndPoint[] _listeners = [];

    /// <summary>Says where this process listens, proxy and admin alike; called once the servers are bound.</summary>
    public void Set(IEnumerable<IPEndPoint> listeners) => Volatile.Write(ref _listeners, [.. listeners]);

    /// <summary>
    /// Whether a connection to <paramref name="address"/> could arrive at one of ours. Any address of this machine counts on one of our ports:
    /// interfaces come and go, and <c>0.0.0.0</c> is this machine too.
    /// </summary>
    public bool Contains(IPAddress address, int port)
    {
        foreach (var listener in Volatile.Read(ref _listeners))
        {
            if (listener.Port == port && (listener.Address.Equals(address) || IsThisMachine(address)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsThisMachine(IPAddress address) =>
        IPAddress.IsLoopback(address)
        || address.Equals(IPAddress.Any)
        || address.Equals(IPAddress.IPv6Any)
        || NetworkInterface.GetAllNetworkInterfaces().Any(network =>
            network.GetIPProperties().UnicastAddresses.Any(unicast => Same(unicast.Address, address)));

    // The scope of a link-local address is no part of its identity here.
    private static bool Same(IPAddress left, IPAddress right) => left.GetAddressBytes().AsSpan().SequenceEqual(right.GetAddressBytes());
}
