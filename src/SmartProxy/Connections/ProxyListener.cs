using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SmartProxy.Connections;

/// <summary>The proxy's listener: a place in the count, CONNECT, then Kestrel's own TLS and HTTP.</summary>
internal static class ProxyListener
{
    /// <param name="listen">The listener; its application services hold the parts.</param>
    /// <param name="own">TLS of the proxy itself, for agents that speak it to the port; null for a plain listener.</param>
    public static void UseSmartProxy(this ListenOptions listen, OwnTls? own = null)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;

        // INVARIANT: nothing is read of a connection that is in no count, not even a handshake.
        var slots = listen.ApplicationServices.GetRequiredService<ConnectionSlots>();
        listen.Use(next => slots.Around(next, whenFull: own is null ? ConnectReplies.From(Admission.Overloaded) : null));
        if (own is not null)
        {
            listen.UseHttps(own.Options);
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
}
