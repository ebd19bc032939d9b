using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace SmartProxy.Forwarding.Targets;

/// <summary>What one exception or denial of the operator's covers: an exact <c>address:port</c>, or a CIDR block with every port.</summary>
internal abstract record EgressRule
{
    public const string Expected = "an address and port such as `127.0.0.2:14443` or `[fd00::1]:443`, or a block such as `10.1.0.0/16`";

    private EgressRule()
    {
    }

    public abstract bool Covers(IPAddress address, int port);

    public static bool TryParse(string? text, [NotNullWhen(true)] out EgressRule? rule)
    {
        rule = null;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        // Compared with their canonical forms: `127.1:80`, `0x0a.1.0.0/16` and a missing port are mistakes, not addresses.
        if (text.Contains('/', StringComparison.Ordinal))
        {
            rule = IPNetwork.TryParse(text, out var network) && network.ToString() == text ? new Block(network) : null;
        }
        else if (IPEndPoint.TryParse(text, out var endpoint) && endpoint.Port != 0 && endpoint.ToString() == text)
        {
            rule = new Exact(endpoint);
        }

        return rule is not null;
    }

    internal sealed record Exact(IPEndPoint EndPoint) : EgressRule
    {
        public override bool Covers(IPAddress address, int port) => EndPoint.Port == port && EndPoint.Address.Equals(address);
    }

    internal sealed record Block(IPNetwork Network) : EgressRule
    {
        public override bool Covers(IPAddress address, int port) =>
            Network.BaseAddress.AddressFamily == address.AddressFamily && Network.Contains(address);
    }
}
