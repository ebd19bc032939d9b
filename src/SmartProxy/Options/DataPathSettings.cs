using Microsoft.Extensions.Options;
using SmartProxy.Text;

namespace SmartProxy.Options;

/// <summary>
/// Checks the sections that the data path binds by itself, together with all other settings and before anything is opened: a name that does
/// not exist was meant to do something, and a value out of range would stop the start later and less clearly.
/// </summary>
internal static class DataPathSettings
{
    public static readonly string[] Sections = ["Egress", "Upstream", "Connections"];

    /// <summary>The settings of a section; a test holds them against the options' members.</summary>
    public static IReadOnlyDictionary<string, string[]> Names { get; } = new Dictionary<string, string[]>
    {
        ["Egress"] = [nameof(EgressOptions.Allow), nameof(EgressOptions.Deny), nameof(EgressOptions.ResolveSeconds)],
        ["Upstream"] =
        [
            nameof(UpstreamOptions.ExtraCaFile), nameof(UpstreamOptions.ClientCertificates), nameof(UpstreamOptions.ConnectSeconds),
            nameof(UpstreamOptions.MaxConnections), nameof(UpstreamOptions.MaxConnectionsPerAgent), nameof(UpstreamOptions.WindowBytes), nameof(UpstreamOptions.MaxLookups), nameof(UpstreamOptions.MaxLookupsPerAgent),
            nameof(UpstreamOptions.ActivitySeconds), nameof(UpstreamOptions.PaidActivitySeconds),
            nameof(UpstreamOptions.DrainSeconds), nameof(UpstreamOptions.TermsSeconds), nameof(UpstreamOptions.ExpectMilliseconds), nameof(UpstreamOptions.ReplayBytes),
            nameof(UpstreamOptions.ReplayBudgetBytes), nameof(UpstreamOptions.ReplayAgentBytes), nameof(UpstreamOptions.MessageBudgetBytes), nameof(UpstreamOptions.MessageAgentBytes), nameof(UpstreamOptions.BodySeconds), nameof(UpstreamOptions.ChargingOrigins),
        ],
        ["Connections"] =
        [
            nameof(ConnectionOptions.HeadBytes), nameof(ConnectionOptions.HeadSeconds), nameof(ConnectionOptions.HandshakeSeconds), nameof(ConnectionOptions.Challenges),
            nameof(ConnectionOptions.KeepAliveSeconds), nameof(ConnectionOptions.TunnelIdleSeconds), nameof(ConnectionOptions.TunnelSeconds),
            nameof(ConnectionOptions.MaxConnections), nameof(ConnectionOptions.MaxConnectionsPerAgent), nameof(ConnectionOptions.MaxTunnels), nameof(ConnectionOptions.MaxTunnelsPerAgent),
            nameof(ConnectionOptions.MaxRequests), nameof(ConnectionOptions.MaxRequestsPerAgent), nameof(ConnectionOptions.Http2Streams), nameof(ConnectionOptions.BufferBytes), nameof(ConnectionOptions.MemoryBytes),
            nameof(ConnectionOptions.RequestLineBytes), nameof(ConnectionOptions.RequestHeadersBytes), nameof(ConnectionOptions.RequestHeaderLines),
            nameof(ConnectionOptions.MinimumBytesPerSecond), nameof(ConnectionOptions.RateGraceSeconds), nameof(ConnectionOptions.ShutdownSeconds),
            nameof(ConnectionOptions.LeafCertificates), nameof(ConnectionOptions.Passthrough),
        ],
    };

    /// <param name="root">The section <c>SmartProxy</c>.</param>
    public static IEnumerable<string> Problems(IConfigurationSection root) =>
    [
        .. Sections.SelectMany(name => Unknown(root.GetSection(name), Names[name])),
        .. Wrong(root.GetSection("Egress"), static section => section.Get<EgressOptions>(), new EgressOptionsValidator()),
        .. Wrong(root.GetSection("Upstream"), static section => section.Get<UpstreamOptions>(), new UpstreamOptionsValidator()),
        .. Wrong(root.GetSection("Connections"), static section => section.Get<ConnectionOptions>(), new ConnectionOptionsValidator()),
    ];

    private static IEnumerable<string> Unknown(IConfigurationSection section, string[] known) => section.GetChildren()
        .Where(child => !known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
        .Select(child => $"{section.Path}:{Printable.Line(child.Key, 60)}: no such setting; expected one of {string.Join(", ", known.Select(name => $"`{name}`"))}");

    private static IEnumerable<string> Wrong<T>(IConfigurationSection section, Func<IConfigurationSection, T?> read, IValidateOptions<T> validator)
        where T : class, new()
    {
        try
        {
            return (validator.Validate(null, read(section) ?? new T()).Failures ?? []).Select(failure => $"{section.Path}:{Printable.Line(failure.TrimEnd('.'))}");
        }
        catch (InvalidOperationException fault)
        {
            return [$"{section.Path}: {Printable.Line(fault.Message.TrimEnd('.'))}"];
        }
    }
}
