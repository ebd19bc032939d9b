using System.Globalization;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>
/// Where a request goes, as host lists see it. <paramref name="Port"/> is what is dialled; <paramref name="IsDefaultPort"/> says whether it is the
/// one that a host without a port means (443, or 80 for http).
/// </summary>
internal readonly record struct Target(HostName Host, int Port, bool IsDefaultPort)
{
    public static Target Of(Origin origin) => new(origin.Host, origin.Port, origin.HasDefaultPort);

    /// <summary>A tunnel does not say what will be spoken inside; either default port counts.</summary>
    public static Target OfTunnel(HostName host, int port) => new(host, port, port is Origin.HttpsPort or Origin.HttpPort);
}

/// <summary>
/// One entry of a host list: <c>api.exa.ai</c>, <c>*.papers.example</c> (any name below it, never the name itself), either with <c>:port</c>.
/// An IP literal is an exact host.
/// </summary>
/// <param name="Host">The host, or what follows <c>*.</c>, in normal form.</param>
/// <param name="Below">Whether the pattern starts with <c>*.</c>.</param>
/// <param name="Port">The port; null means 443, or 80 for http.</param>
internal readonly record struct HostPattern(HostName Host, bool Below, int? Port)
{
    private const string Wildcard = "*.";

    public static bool TryParse(string text, out HostPattern pattern)
    {
        pattern = default;
        var below = text.StartsWith(Wildcard, StringComparison.Ordinal);
        var parsed = Origin.TryParseAuthority(below ? text[Wildcard.Length..] : text, defaultPort: 0, out var host, out var port);
        if (!parsed || (below && host.IsAddress))
        {
            return false;
        }

        pattern = new HostPattern(host, below, port == 0 ? null : port);
        return true;
    }

    public bool Matches(in Target target) => MatchesPort(target) && MatchesHost(target.Host);

    public bool MatchesPort(in Target target) => Port is { } port ? port == target.Port : target.IsDefaultPort;

    /// <summary>Whether some origin matches both.</summary>
    public bool Overlaps(HostPattern other)
    {
        var ports = Port == other.Port || (Port is null && IsDefault(other.Port)) || (other.Port is null && IsDefault(Port));
        return ports && (Covers(other) || other.Covers(this));

        static bool IsDefault(int? port) => port is Origin.HttpsPort or Origin.HttpPort;
    }

    public override string ToString()
    {
        var host = Below ? Wildcard + Host.Value : Host.ToAuthority();
        return Port is { } port ? string.Create(CultureInfo.InvariantCulture, $"{host}:{port}") : host;
    }

    private bool MatchesHost(HostName host) => Below ? IsBelow(host, Host.Value) : host == Host;

    private bool Covers(HostPattern other) =>
        (Below == other.Below && Host == other.Host) || (Below && IsBelow(other.Host, Host.Value));

    private static bool IsBelow(HostName host, string suffix) =>
        !host.IsAddress
        && host.Value.Length > suffix.Length + 1
        && host.Value.EndsWith(suffix, StringComparison.Ordinal)
        && host.Value[host.Value.Length - suffix.Length - 1] == '.';
}
