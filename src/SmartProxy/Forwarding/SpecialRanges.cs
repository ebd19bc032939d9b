using System.Net;
using System.Net.Sockets;

namespace SmartProxy.Forwarding;

/// <summary>
/// Addresses that are no public destinations: the IANA special-purpose registries (RFC 6890 and successors), multicast, and the metadata
/// services of clouds, one of which has a public address.
/// </summary>
internal static class SpecialRanges
{
    private static readonly IPNetwork[] Networks4 = Parse(
        "0.0.0.0/8", // this network
        "10.0.0.0/8", // private
        "100.64.0.0/10", // carrier-grade NAT
        "127.0.0.0/8", // loopback
        "169.254.0.0/16", // link-local
        "172.16.0.0/12", // private
        "192.0.0.0/24", // IETF protocol assignments
        "192.0.2.0/24", // documentation
        "192.88.99.0/24", // 6to4 relays
        "192.168.0.0/16", // private
        "198.18.0.0/15", // benchmarking
        "198.51.100.0/24", // documentation
        "203.0.113.0/24", // documentation
        "224.0.0.0/4", // multicast
        "240.0.0.0/4"); // reserved and broadcast

    private static readonly IPNetwork[] Networks6 = Parse(
        "::/96", // unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96", // IPv4-mapped
        "::ffff:0:0:0/96", // IPv4-translated
        "64:ff9b::/96", // NAT64
        "64:ff9b:1::/48", // local NAT64
        "100::/64", // discard
        "100:0:0:1::/64", // dummy prefix
        "2001::/23", // IETF protocol assignments, with Teredo, benchmarking and ORCHID
        "2001:db8::/32", // documentation
        "2002::/16", // 6to4
        "3fff::/20", // documentation
        "5f00::/16", // segment routing
        "fc00::/7", // unique local
        "fe80::/10", // link-local
        "fec0::/10", // site-local
        "ff00::/8"); // multicast

    private static readonly IPAddress[] MetadataServices = [.. new[]
    {
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
    }.Select(IPAddress.Parse)];

    public static bool IsSpecial(IPAddress address)
    {
        foreach (var network in address.AddressFamily == AddressFamily.InterNetwork ? Networks4 : Networks6)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    public static bool IsMetadata(IPAddress address)
    {
        foreach (var service in MetadataServices)
        {
            if (service.Equals(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The IPv4 address that an IPv6 address leads to: compatible, mapped, translated, NAT64 and 6to4 forms; null for others.</summary>
    public static IPAddress? EmbeddedIn(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || !address.TryWriteBytes(bytes, out _))
        {
            return null;
        }

        if (bytes is [0x20, 0x02, ..])
        {
            return new IPAddress(bytes[2..6]);
        }

        var leadsToLastFour = bytes is [0, 0x64, 0xff, 0x9b, ..]
            || (!bytes[..8].ContainsAnyExcept((byte)0) && (bytes[8..12] is [0, 0, 0, 0] or [0, 0, 0xff, 0xff] or [0xff, 0xff, 0, 0]));
        return leadsToLastFour ? new IPAddress(bytes[12..]) : null;
    }

    private static IPNetwork[] Parse(params ReadOnlySpan<string> networks)
    {
        var parsed = new IPNetwork[networks.Length];
        for (var i = 0; i < parsed.Length; i++)
        {
            parsed[i] = IPNetwork.Parse(networks[i]);
        }

        return parsed;
    }
}
