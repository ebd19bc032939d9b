using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Options;

namespace SmartProxy.Connections;

/// <summary>Turns a web server's limits into a proxy's: what an origin would accept has to fit, and what is ambiguous must not.</summary>
internal static class KestrelSetup
{
    private static readonly TimeSpan RateGrace = TimeSpan.FromSeconds(30);

    public static void Apply(KestrelServerOptions kestrel, ConnectionOptions options)
    {
        // A line ends in CRLF (RFC 9112 2.2); a bare LF is read differently by different servers.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        kestrel.AddServerHeader = false;
        kestrel.AllowHostHeaderOverride = false;
        kestrel.RequestHeaderEncodingSelector = static name =>
            name.Equals("Connection", StringComparison.OrdinalIgnoreCase) ? NominationEncoding.Instance
            : name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) ? LengthEncoding.Instance
            : Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;

        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(options.HeadSeconds);
        limits.MaxRequestLineSize = options.RequestLineBytes;
        limits.MaxRequestHeadersTotalSize = options.RequestHeadersBytes;
        limits.MaxRequestHeaderCount = options.RequestHeaderLines;
        limits.Http2.MaxRequestHeaderFieldSize = options.RequestHeadersBytes;
        limits.MaxRequestBodySize = null;

        var rate = options.MinimumBytesPerSecond > 0 ? new MinDataRate(options.MinimumBytesPerSecond, RateGrace) : null;
        (limits.MinRequestBodyDataRate, limits.MinResponseDataRate) = (rate, rate);
    }
}
