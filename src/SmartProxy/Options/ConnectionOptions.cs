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

    /// <summary>Seconds that a connection is kept without a request.</summary>
    [Range(1, 86_400)]
    public int KeepAliveSeconds { get; set; } = 130;

    /// <summary>Seconds without a byte in either direction after which a blind tunnel ends.</summary>
    [Range(1, 86_400)]
    public int TunnelIdleSeconds { get; set; } = 600;

    /// <summary>Seconds after which a tunnel ends, however busy it is.</summary>
    [Range(1, 2_592_000)]
    public int TunnelSeconds { get; set; } = 86_400;

    /// <summary>Connections of all agents together, and of those who have not yet said who they are; fewer where the process may open fewer files.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Connections of one agent; never more than half of all.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnectionsPerAgent { get; set; } = 4_000;

    /// <summary>Open tunnels of all agents together.</summary>
    [Range(1, 1_000_000)]
    public int MaxTunnels { get; set; } = 16_000;

    /// <summary>Open tunnels of one agent; never more than half of all.</summary>
    [Range(1, 1_000_000)]
    public int MaxTunnelsPerAgent { get; set; } = 2_000;

    /// <summary>Requests of all agents that are under way at once, event streams and WebSockets among them.</summary>
    [Range(1, 1_000_000)]
    public int MaxRequests { get; set; } = 10_000;

    /// <summary>Requests of one agent that are under way at once; never more than half of all.</summary>
    [Range(1, 1_000_000)]
    public int MaxRequestsPerAgent { get; set; } = 1_000;

    /// <summary>Requests that are under way at once on one HTTP/2 connection.</summary>
    [Range(1, 10_000)]
    public int Http2Streams { get; set; } = 100;

    /// <summary>Bytes of requests that wait on one connection for an origin that reads slowly. Its reader is held back then.</summary>
    [Range(65_536, 16_777_216)]
    public int BufferBytes { get; set; } = 256 * 1024;

    /// <summary>Bytes of memory of the whole process above which no further tunnel or request is let in; 0 takes 60 % of the machine or container.</summary>
    [Range(0, long.MaxValue)]
    public long MemoryBytes { get; set; }

    /// <summary>Bytes of a request line. Signed URLs are long.</summary>
    [Range(1024, 524_288)]
    public int RequestLineBytes { get; set; } = 64 * 1024;

    /// <summary>Bytes of all request headers together. Payment headers are long.</summary>
    [Range(1024, 524_288)]
    public int RequestHeadersBytes { get; set; } = 128 * 1024;

    /// <summary>Request headers, counted by lines.</summary>
    [Range(10, 2_000)]
    public int RequestHeaderLines { get; set; } = 200;

    /// <summary>
    /// Slowest rate, in bytes per second, at which an agent must send a body whose length it announced, and read an answer; 0 for none. Bodies
    /// without an announced length (gRPC, live uploads), WebSockets and blind tunnels may trickle.
    /// </summary>
    [Range(0, 1_000_000)]
    public int MinimumBytesPerSecond { get; set; } = 100;

    /// <summary>Seconds before that rate counts.</summary>
    [Range(2, 3_600)]
    public int RateGraceSeconds { get; set; } = 30;

    /// <summary>Seconds in which what is under way is finished after SIGTERM; a second signal does not wait for them.</summary>
    [Range(0, 3_600)]
    public int ShutdownSeconds { get; set; } = 25;

    /// <summary>Leaf certificates kept ready, one per intercepted host; about 16 KiB each.</summary>
    [Range(1, 100_000)]
    public int LeafCertificates { get; set; } = 1_000;

    /// <summary>Hosts (exact) whose TLS is never ended here, whatever the policy says: for clients that pin certificates.</summary>
    public IList<string> Passthrough { get; } = [];
}

[OptionsValidator]
internal sealed partial class ConnectionOptionsValidator : IValidateOptions<ConnectionOptions>;
