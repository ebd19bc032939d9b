using SmartProxy.Hosting;
using SmartProxy.Protocol;

namespace SmartProxy.Options;

/// <summary>
/// The settings of the section <c>SmartProxy</c>, from <c>--config</c>, the environment (<c>SMARTPROXY__…</c>) and flags, checked as a whole
/// before the first connection. Who may spend what is not here but in the policy file.
/// </summary>
internal sealed record SmartProxyOptions
{
    public ListenOptions Listen { get; init; } = new();

    /// <summary>Chains whose state we can read. A payment on a chain without one can be made, but not proven or freed.</summary>
    public IReadOnlyDictionary<ChainId, NetworkOptions> Networks { get; init; } = new Dictionary<ChainId, NetworkOptions>();

    public LedgerOptions Ledger { get; init; } = new();

    /// <summary>By name; empty means the key files of the data folder's <c>wallets/</c>.</summary>
    public IReadOnlyDictionary<string, WalletOptions> Wallets { get; init; } = new Dictionary<string, WalletOptions>();

    public SignerOptions Signer { get; init; } = new();

    /// <summary>How log records look: <c>text</c> or <c>json</c>.</summary>
    public LogFormat Logs { get; init; }
}

/// <summary>The two listeners.</summary>
internal sealed record ListenOptions
{
    /// <summary>Agents' side. <c>--listen</c>.</summary>
    public ListenAddress Proxy { get; init; } = new(System.Net.IPAddress.Loopback, 8402);

    /// <summary>Operator's side. <c>--admin</c>.</summary>
    public ListenAddress Admin { get; init; } = new(System.Net.IPAddress.Loopback, 8403);

    /// <summary>Whether addresses that other machines reach may be used: tokens travel there in the clear. <c>--insecure-listen</c>.</summary>
    public bool AllowInsecure { get; init; }

    /// <summary>TLS on the proxy port itself; null for a plain one. It makes addresses that other machines reach safe to use.</summary>
    public ProxyTls? Tls { get; init; }

    /// <summary>Names, besides loopback and the listening address, by which the admin listener may be called (its <c>Host</c>).</summary>
    public IReadOnlyList<string> AdminHosts { get; init; } = [];

    /// <summary>Names, besides addresses and names without a dot, by which the proxy's own pages may be called.</summary>
    public IReadOnlyList<string> ProxyHosts { get; init; } = [];
}

/// <summary>What the proxy port shows of itself over TLS: a certificate of the operator's, or leaves of our own authority.</summary>
internal sealed record ProxyTls
{
    /// <summary>PEM: the certificate, then its intermediates. With <see cref="KeyFile"/>, or null for our own leaves.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM, mode 0600.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Names by which agents reach the proxy. The address that they connected to is always one.</summary>
    public IReadOnlyList<HostName> Names { get; init; } = [];
}

/// <summary>How one chain is read.</summary>
internal sealed record NetworkOptions
{
    /// <summary>JSON-RPC endpoints. All of them must give the same answers: one that fails, lags or lies stops proofs and releases, and raises an alarm.</summary>
    public IReadOnlyList<Uri> Rpc { get; init; } = [];

    /// <summary>Blocks on top that make a block final; null waits for the chain's own <c>finalized</c>. For test networks.</summary>
    public int? Confirmations { get; init; }

    /// <summary>How often the chain is read. Nodes of others count requests.</summary>
    public TimeSpan Sweep { get; init; } = TimeSpan.FromSeconds(15);
}

internal sealed record LedgerOptions
{
    /// <summary>A file outside the data folder that keeps the journal's head, so that a rolled-back folder is noticed.</summary>
    public string? Anchor { get; init; }

    /// <summary>From this size on a segment of the journal is full and the next one begins, in bytes. <c>Ledger:SegmentMiB</c>.</summary>
    public long SegmentBytes { get; init; } = 256L << 20;

    /// <summary>Room that is kept for the outcomes of signed payments when the disk is full, in bytes; 0 keeps none. <c>Ledger:ReserveMiB</c>.</summary>
    public long ReserveBytes { get; init; } = 16L << 20;
}

internal sealed record WalletOptions
{
    /// <summary>A web3 key file, version 3.</summary>
    public required string Keystore { get; init; }

    /// <summary>A file with the password, mode 0600.</summary>
    public required string PasswordFile { get; init; }
}

/// <summary>What the signer refuses by itself, whatever policy and ledger say.</summary>
internal sealed record SignerOptions
{
    public Usd MaxPayment { get; init; } = new(10_000_000);

    /// <summary>In one day of UTC.</summary>
    public Usd MaxDay { get; init; } = new(200_000_000);
}
