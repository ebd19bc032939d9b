using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace SmartProxy.Connections;

/// <summary>The proxy's listener: CONNECT first, then Kestrel's own TLS and HTTP.</summary>
internal static class ProxyListener
{
    /// <param name="listen">The listener; its application services hold the parts.</param>
    /// <param name="ownCertificate">Certificate of the proxy itself, for agents that speak TLS to it; null for a plain listener.</param>
    public static void UseSmartProxy(this ListenOptions listen, SslStreamCertificateContext? ownCertificate = null)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        if (ownCertificate is not null)
        {
            listen.UseHttps(OwnTls(ownCertificate));
        }

        var connect = listen.ApplicationServices.GetRequiredService<ConnectMiddleware>();
        listen.Use(next => connection => connect.RunAsync(connection, next));
        listen.UseHttps(listen.ApplicationServices.GetRequiredService<TunnelTls>().Options);
        listen.Use(WithoutDummy);
    }

    private static ConnectionDelegate WithoutDummy(ConnectionDelegate next) => connection =>
    {
        TunnelTls.RemoveDummy(connection);
        return next(connection);
    };

    // CONNECT over HTTP/2 is not served, so HTTP/2 is not offered.
    private static TlsHandshakeCallbackOptions OwnTls(SslStreamCertificateContext certificate) => new()
    {
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        }),
    };
}
