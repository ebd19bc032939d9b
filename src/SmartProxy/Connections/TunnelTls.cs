using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// TLS inside an intercepted tunnel, ended by Kestrel's own middleware. That middleware steps aside when a connection already has an
/// <see cref="ITlsConnectionFeature"/>; this is undocumented, so a contract test holds it in place.
/// </summary>
internal sealed class TunnelTls(LeafMint mint, IOptions<ConnectionOptions> options)
{
    private static readonly IdnMapping Labels = new() { AllowUnassigned = true };

    /// <summary>For <c>UseHttps</c>. Protocols are left to the listener: HTTP/2 and HTTP/1.1.</summary>
    public TlsHandshakeCallbackOptions Options => new()
    {
        OnConnection = context => ValueTask.FromResult(Answer(context.Connection.Features.Get<ITunnelFeature>(), context.ClientHelloInfo)),
        HandshakeTimeout = TimeSpan.FromSeconds(options.Value.HandshakeSeconds),
    };

    /// <summary>Makes the TLS middleware step aside for a connection that is not to be decrypted here.</summary>
    public static void StepAside(ConnectionContext connection)
    {
        if (connection.Features.Get<ITlsConnectionFeature>() is null)
        {
            connection.Features.Set<ITlsConnectionFeature>(NotTls.Instance);
        }
    }

    /// <summary>Makes it step in: the features of an outer TLS, if any, belong to the way to us and not to the tunnel.</summary>
    public static void StepIn(ConnectionContext connection)
    {
        connection.Features.Set<ITlsConnectionFeature>(null);
        connection.Features.Set<ITlsHandshakeFeature>(null);
        connection.Features.Set<ITlsApplicationProtocolFeature>(null);
    }

    /// <summary>Removes the dummy, so that the scheme of plain requests stays honest.</summary>
    public static void RemoveDummy(ConnectionContext connection)
    {
        if (connection.Features.Get<ITlsConnectionFeature>() is NotTls)
        {
            connection.Features.Set<ITlsConnectionFeature>(null);
        }
    }

    private SslServerAuthenticationOptions Answer(ITunnelFeature? tunnel, SslClientHelloInfo hello)
    {
        if (tunnel is null)
        {
            throw new AuthenticationException("TLS outside a tunnel");
        }

        // Another name would be another certificate, and requests under a name that nobody judged.
        if (hello.ServerName.Length > 0 && !Names(hello.ServerName, tunnel.Host))
        {
            throw new AuthenticationException("the server name differs from that of the CONNECT");
        }

        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = mint.For(tunnel.Host, tunnel.Identity.Agent),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
        };
    }

    // The framework hands the name over as it reads it: A-labels as U-labels where they are some. So the tunnel's host is read in the same way; which
    // U-labels a host may be written with elsewhere is another question.
    private static bool Names(string serverName, HostName host) =>
        (HostName.TryParse(serverName, out var name) && name == host) || serverName.Equals(Displayed(host), StringComparison.OrdinalIgnoreCase);

    private static string Displayed(HostName host)
    {
        try
        {
            return Labels.GetUnicode(host.Value);
        }
        catch (ArgumentException)
        {
            return host.Value;
        }
    }

    private sealed class NotTls : ITlsConnectionFeature
    {
        public static NotTls Instance { get; } = new();

        public X509Certificate2? ClientCertificate
        {
            get => null;
            set => throw new NotSupportedException();
        }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
    }
}
