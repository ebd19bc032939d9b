using System.Net;
using System.Net.Sockets;

namespace SmartProxy.Forwarding.Targets;

/// <summary>
/// Addresses that are no public destinations: everything special in the IANA registries (RFC 6890 and successors), also what they call globally
/// reachable, everything outside global unicast in IPv6 (<c>2000::/3</c>), multicast, and the metadata services of clouds, one of which has a public address.
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
        "192.31.196.0/24", // AS112
        "192.52.193.0/24", // AMT
        "192.88.99.0/24", // 6to4 relays
        "192.168.0.0/16", // private
        "192.175.48.0/24", // AS112
        "198.18.0.0/15", // benchmarking
        "198.51.100.0/24", // documentation
        "203.0.113.0/24", // documentation
        "224.0.0.0/4", // multicast
        "240.0.0.0/4"); // reserved and broadcast

    // What lies outside, known or not yet assigned, is not public: loopback, mapped, NAT64, discard, unique local, link-local, multicast.
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] Networks6 = Parse(
        "2001::/23", // IETF protocol assignments, with Teredo, benchmarking and ORCHID
        "2001:db8::/32", // documentation
        "2002::/16", // 6to4
        "2620:4f:8000::/48", // AS112
        "3fff::/20"); // documentation

    // RFC 8215: only its operator knows where in an address of this prefix the IPv4 address stands.
    private static readonly IPNetwork LocalNat64 = IPNetwork.Parse("64:ff9b:1::/48");

    private static readonly IPAddress[] MetadataServices = [.. new[]
    {
        "169.254.169.254", "169.254.169.252", "169.254.170.2", "169.254.170.23", "169.254.0.23", "169.254.42.42",
        "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fd00:c1::a9fe:a9fe",
        "fd00:a9fe:a9fe::1", "fe80::a9fe:a9fe",
    }.Select(IPAddress.Parse)];

    public static bool IsSpecial(IPAddress address)
    {
        // INVARIANT: networks see a mapped address as its IPv4 form, so that no IPv6 network contains it. It is special before any table is asked.
        if (address.IsIPv4MappedToIPv6)
        {
            return true;
        }

        return address.AddressFamily == AddressFamily.InterNetwork
            ? IsIn(Networks4, address)
            : !GlobalUnicast.Contains(address) || IsIn(Networks6, address);
    }

    /// <summary>Whether no block opens this address, only an exception for exactly it: metadata services, and translations that can't be read.</summary>
    public static bool NeedsExactException(IPAddress address) =>
        Array.Exists(MetadataServices, service => Same(service, address)) || (!address.IsIPv4MappedToIPv6 && LocalNat64.Contains(address));

    /// <summary>
    /// The IPv4 address that an IPv6 address leads to: compatible, mapped, translated, NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380)
    /// and ISATAP (RFC 5214) forms; null for others.
    /// </summary>
    public static IPAddress? EmbeddedIn(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || !address.TryWriteBytes(bytes, out _))
        {
            return null;
        }

        return bytes switch
        {
            [0x20, 0x02, ..] => new IPAddress(bytes[2..6]),
            [0x20, 0x01, 0, 0, ..] => Inverted(bytes[12..]),
            [0, 0x64, 0xff, 0x9b, ..] => new IPAddress(bytes[12..]),
            [_, _, _, _, _, _, _, _, 0 or 2, 0, 0x5e, 0xfe, ..] => new IPAddress(bytes[12..]),
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..] or [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ..] or [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, ..] => new IPAddress(bytes[12..]),
            _ => null,
        };
    }

    // A Teredo client's address travels with every bit inverted.
    private static IPAddress Inverted(ReadOnlySpan<byte> bytes) => new([(byte)(bytes[0] ^ 0xff), (byte)(bytes[1] ^ 0xff), (byte)(bytes[2] ^ 0xff), (byte)(bytes[3] ^ 0xff)]);

    private static bool IsIn(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    // The scope of a link-local address is no part of its identity here.
    private static bool Same(IPAddress left, IPAddress right) => left.GetAddressBytes().AsSpan().SequenceEqual(right.GetAddressBytes());

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
