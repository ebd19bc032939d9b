using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace SmartProxy.Options;

/// <summary>How connections of agents are accepted. Section <c>SmartProxy:Connections</c>.</summary>
internal sealed class ConnectionOptions
{
    /// <summary>Bytes that the head of a CONNECT may take.</summary>
    [Range(1024, 65_536)]
    public int HeadBytes { get; set; } = 16 * 1024;

    /// <summary>Seconds in which a head, or the first byte inside a tunnel, must have arrived.</summary>
    [Range(1, 300)]
    public int HeadSeconds { get; set; } = 10;

    /// <summary>Seconds for a TLS handshake inside a tunnel.</summary>
    [Range(1, 300)]
    public int HandshakeSeconds { get; set; } = 10;

    /// <summary>CONNECTs without good credentials that one connection may send before it is closed.</summary>
    [Range(1, 100)]
    public int Challenges { get; set; } = 8;

    /// <summary>Seconds without a byte in either direction after which a blind tunnel ends.</summary>
    [Range(1, 86_400)]
    public int TunnelIdleSeconds { get; set; } = 600;

    /// <summary>Connections of all agents together.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Open tunnels of one agent.</summary>
    [Range(1, 1_000_000)]
    public int MaxTunnelsPerAgent { get; set; } = 2_000;

    /// <summary>Bytes of a request line. Signed URLs are long.</summary>
    [Range(1024, 524_288)]
    public int RequestLineBytes { get; set; } = 64 * 1024;

    /// <summary>Bytes of all request headers together. Payment headers are long.</summary>
    [Range(1024, 524_288)]
    public int RequestHeadersBytes { get; set; } = 128 * 1024;

    /// <summary>Request headers, counted by lines.</summary>
    [Range(10, 2_000)]
    public int RequestHeaderLines { get; set; } = 200;

    /// <summary>Slowest rate, in bytes per second, at which bodies must move in either direction; 0 lets a trickling stream live (gRPC, long polls).</summary>
    [Range(0, 1_000_000)]
    public int MinimumBytesPerSecond { get; set; }

    /// <summary>Leaf certificates kept ready, one per intercepted host; about 16 KiB each.</summary>
    [Range(1, 100_000)]
    public int LeafCertificates { get; set; } = 1_000;

    /// <summary>Hosts (exact) whose TLS is never ended here, whatever the policy says: for clients that pin certificates.</summary>
    public IList<string> Passthrough { get; } = [];
}

[OptionsValidator]
internal sealed partial class ConnectionOptionsValidator : IValidateOptions<ConnectionOptions>;
