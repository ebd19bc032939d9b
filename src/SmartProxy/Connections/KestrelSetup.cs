using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using SmartProxy.Options;

namespace SmartProxy.Connections;

/// <summary>Turns a web server's limits into a proxy's: what an origin would accept has to fit, and what is ambiguous must not.</summary>
internal static class KestrelSetup
{
    private const int SmallestWindow = 65_535;
    /// <summary>Bytes of an answer that may wait for its agent.</summary>
    public const int AnswerBytes = 64 * 1024;

    public static void Apply(KestrelServerOptions kestrel, ConnectionOptions options)
    {
        // A line ends in CRLF (RFC 9112 2.2); a bare LF is read differently by different servers.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        kestrel.AddServerHeader = false;
        kestrel.AllowHostHeaderOverride = false;
        kestrel.RequestHeaderEncodingSelector = static name =>
            name.Equals("Connection", StringComparison.OrdinalIgnoreCase) ? NominationEncoding.Instance
            : name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) ? LengthEncoding.Instance
            : name.Equals("Host", StringComparison.OrdinalIgnoreCase) ? HostEncoding.Instance
            : Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;

        var limits = kestrel.Limits;
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(options.KeepAliveSeconds);
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(options.HeadSeconds);
        limits.MaxRequestLineSize = options.RequestLineBytes;
        limits.MaxRequestHeadersTotalSize = options.RequestHeadersBytes;
        limits.MaxRequestHeaderCount = options.RequestHeaderLines;
        limits.Http2.MaxRequestHeaderFieldSize = options.RequestHeadersBytes;
        limits.MaxRequestBodySize = null;

        // Connections are counted by ConnectionSlots, which can tell an agent why. Half a window each: one slow stream leaves room for the others.
        limits.MaxRequestBufferSize = BufferBytes(options);
        limits.MaxResponseBufferSize = AnswerBytes;
        limits.Http2.MaxStreamsPerConnection = options.Http2Streams;
        limits.Http2.InitialConnectionWindowSize = Math.Max(options.BufferBytes, SmallestWindow);
        limits.Http2.InitialStreamWindowSize = Math.Max(options.BufferBytes / 2, SmallestWindow);

        var rate = options.MinimumBytesPerSecond > 0 ? new MinDataRate(options.MinimumBytesPerSecond, TimeSpan.FromSeconds(options.RateGraceSeconds)) : null;
        (limits.MinRequestBodyDataRate, limits.MinResponseDataRate) = (rate, rate);
    }

    /// <summary>The same bounds for what lies below HTTP: the transport has its own, and a blind tunnel knows no other.</summary>
    public static void Apply(SocketTransportOptions transport, ConnectionOptions options)
    {
        (transport.MaxReadBufferSize, transport.MaxWriteBufferSize) = (BufferBytes(options), AnswerBytes);
        transport.CreateBoundListenSocket = static endpoint =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            UnsentBytes.Bound(socket); // what it accepts takes that over
            return socket;
        };
    }

    /// <summary>Bytes that may wait on one connection for an origin. A request line and headers have to fit.</summary>
    public static int BufferBytes(ConnectionOptions options) => Math.Max(options.BufferBytes, Math.Max(options.RequestLineBytes, options.RequestHeadersBytes));
}
