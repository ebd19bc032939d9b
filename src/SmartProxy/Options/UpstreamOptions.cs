using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace SmartProxy.Options;

/// <summary>How origins are spoken to. Section <c>SmartProxy:Upstream</c>. Nothing here turns certificate verification off.</summary>
internal sealed class UpstreamOptions
{
    /// <summary>A PEM file of roots that are trusted in addition to the system's.</summary>
    public string? ExtraCaFile { get; set; }

    /// <summary>Origins to which we show a client certificate (mutual TLS). All others are shown none.</summary>
    public IList<ClientCertificateOptions> ClientCertificates { get; } = [];

    /// <summary>Seconds for resolving, connecting and the TLS handshake together.</summary>
    [Range(1, 300)]
    public int ConnectSeconds { get; set; } = 10;

    /// <summary>Connections to origins for all agents together, those kept for the next request among them; fewer where the process may open fewer files.</summary>
    [Range(2, 1_000_000)]
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Connections to origins for one agent; never more than half of all. Kept ones make room for new ones.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnectionsPerAgent { get; set; } = 4_000;

    /// <summary>Bytes of an answer that an HTTP/2 origin may send ahead of its agent, per stream. A larger window is faster over long distances.</summary>
    [Range(65_535, 16_777_216)]
    public int WindowBytes { get; set; } = 512 * 1024;

    /// <summary>Host names that are looked up at once for all agents; each takes a thread for as long as its name servers are silent.</summary>
    [Range(2, 1_024)]
    public int MaxLookups { get; set; } = 256;

    /// <summary>Host names that are looked up at once for one agent; never more than half of all.</summary>
    [Range(1, 1_024)]
    public int MaxLookupsPerAgent { get; set; } = 64;

    /// <summary>Seconds without progress after which an exchange is given up. Model calls are slow.</summary>
    [Range(1, 86_400)]
    public int ActivitySeconds { get; set; } = 600;

    /// <summary>The same for a paid attempt, where giving up leaves money in doubt.</summary>
    [Range(1, 86_400)]
    public int PaidActivitySeconds { get; set; } = 900;

    /// <summary>Seconds for which a paid answer is still read after its agent has gone.</summary>
    [Range(1, 3_600)]
    public int DrainSeconds { get; set; } = 30;

    /// <summary>Seconds in which the first 64 KiB of a 402's body must have arrived.</summary>
    [Range(1, 300)]
    public int TermsSeconds { get; set; } = 10;

    /// <summary>Milliseconds to wait for a <c>100 Continue</c>.</summary>
    [Range(1, 10_000)]
    public int ExpectMilliseconds { get; set; } = 350;

    /// <summary>Bytes of a request body that are retained for the paid attempt. Free traffic is never limited by this.</summary>
    [Range(0, 1_073_741_824)]
    public int ReplayBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Bytes retained for all requests together.</summary>
    [Range(0, long.MaxValue)]
    public long ReplayBudgetBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>Bytes of them that one agent may hold.</summary>
    [Range(0, long.MaxValue)]
    public long ReplayAgentBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Bytes of WebSocket messages that are held until they were looked into, for all agents together.</summary>
    [Range(8_388_608, long.MaxValue)]
    public long MessageBudgetBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>Bytes of them that one agent may hold; never more than half of all.</summary>
    [Range(4_194_304, long.MaxValue)]
    public long MessageAgentBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Seconds in which a request body that has to be known before a decision must have arrived: its beginning, or after a 402 its rest.</summary>
    [Range(1, 3_600)]
    public int BodySeconds { get; set; } = 60;

    /// <summary>Origins remembered as charging; large uploads to them ask first.</summary>
    [Range(1, 1_000_000)]
    public int ChargingOrigins { get; set; } = 10_000;
}

/// <summary>A client certificate for one host. Every agent whose policy reaches the host speaks with it.</summary>
internal sealed class ClientCertificateOptions
{
    /// <summary>The host, exact.</summary>
    public string Host { get; set; } = "";

    /// <summary>PEM.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>PEM, mode 0600.</summary>
    public string KeyFile { get; set; } = "";
}

[OptionsValidator]
internal sealed partial class UpstreamOptionsValidator : IValidateOptions<UpstreamOptions>;
