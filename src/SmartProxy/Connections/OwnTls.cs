using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>TLS on the proxy port itself (<c>https://</c> in the proxy's URL), with a certificate of the operator's or leaves of our own authority.</summary>
internal sealed class OwnTls(ProxyTls settings, LeafMint mint, TimeProvider time, IOptions<ConnectionOptions> options)
{
    private readonly CertificateFiles? _files = settings.CertificateFile is { } certificate ? new CertificateFiles(certificate, settings.KeyFile!, time) : null;

    /// <summary>For <c>UseHttps</c>. CONNECT over HTTP/2 is not served, so HTTP/2 is not offered.</summary>
    public TlsHandshakeCallbackOptions Options => new()
    {
        OnConnection = context => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _files?.Current ?? mint.For(NameOf(context.ClientHelloInfo, context.Connection.LocalEndPoint)),
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
        }),
        HandshakeTimeout = TimeSpan.FromSeconds(options.Value.HandshakeSeconds),
    };

    // A client that was given an address sends no name: the address that it reached is the one that it expects.
    private HostName NameOf(SslClientHelloInfo hello, EndPoint? local)
    {
        var address = AddressOf(local);
        var asked = hello.ServerName.Length > 0 ? hello.ServerName : address;
        if (HostName.TryParse(asked, out var name) && (name.Value == address || settings.Names.Contains(name)))
        {
            return name;
        }

        throw new AuthenticationException("the proxy is not known by this name; Listen:Tls:Names lists those that it has");
    }

    private static string? AddressOf(EndPoint? local) => local is not IPEndPoint { Address: var address } ? null
        : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(address.GetAddressBytes())).ToString();
}
