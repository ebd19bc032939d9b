using System.Globalization;
using System.Net;

namespace SmartProxy.Options;

/// <summary>Where a listener opens: an IP address and a port. Port 0 takes any free one.</summary>
internal sealed record ListenAddress(IPAddress Address, int Port)
{
    public const string Expected = "an address and port such as `127.0.0.1:8402`, `[::1]:8402` or `0.0.0.0:8402`";

    public bool IsLoopback => IPAddress.IsLoopback(Address);

    public IPEndPoint EndPoint => new(Address, Port);

    /// <summary>Reads <c>address:port</c>; <c>localhost</c> stands for 127.0.0.1, and other names are refused because they may come to mean another address.</summary>
    public static bool TryParse(string? text, out ListenAddress? address)
    {
        address = null;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0)
        {
            return false;
        }

        var host = text![..colon] == "localhost" ? "127.0.0.1" : text[..colon];
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        var wellFormed = IPAddress.TryParse(isBracketed ? host[1..^1] : host, out var ip)
            && isBracketed == (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            && (isBracketed || ip.ToString() == host);
        if (!wellFormed || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        address = new ListenAddress(ip!, port);
        return true;
    }

    public override string ToString() => EndPoint.ToString();
}
