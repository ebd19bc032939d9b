using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Microsoft.Extensions.Options;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Origins;

/// <summary>The one client that speaks to origins. It follows nothing, decodes nothing, stores nothing, and dials only through the guard.</summary>
internal sealed class UpstreamClient : IDisposable
{
    /// <summary>Set on a paid request; marked the moment its payment header is written towards a connection.</summary>
    public static readonly HttpRequestOptionsKey<SendMark> Mark = new("smart-proxy.mark");

    /// <summary>Set on every request: whose it is.</summary>
    public static readonly HttpRequestOptionsKey<AgentId> Agent = new("smart-proxy.agent");

    private readonly DestinationGuard _guard;

    public UpstreamClient(DestinationGuard guard, IOptions<UpstreamOptions> options)
    {
        _guard = guard;
        Invoker = new HttpMessageInvoker(new FlushingHandler(CreateHandler(options.Value)), disposeHandler: true);
    }

    public HttpMessageInvoker Invoker { get; }

    public void Dispose() => Invoker.Dispose();

    private SocketsHttpHandler CreateHandler(UpstreamOptions options) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(options.ConnectSeconds),
        Expect100ContinueTimeout = TimeSpan.FromMilliseconds(options.ExpectMilliseconds),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        KeepAlivePingDelay = TimeSpan.FromSeconds(60),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        MaxResponseHeadersLength = 128,

        // An answer that was not read to its end takes its connection with it: nothing left over meets the next agent.
        MaxResponseDrainSize = 0,

        // Header bytes travel as they are; strict ASCII would turn a name with an accent into an error.
        RequestHeaderEncodingSelector = static (name, request) =>
        {
            MarkWhenPaid(name, request);
            return Encoding.Latin1;
        },
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ConnectCallback = DialAsync,
        PlaintextStreamFilter = static (context, _) => ValueTask.FromResult(
            context.NegotiatedHttpVersion.Major == 1 ? new UpstreamConnection(context.PlaintextStream) : context.PlaintextStream),
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            CertificateChainPolicy = UpstreamTrust.SystemPolicy(),
            RemoteCertificateValidationCallback = new UpstreamTrust(options.ExtraCaFile).Accept,
            LocalCertificateSelectionCallback = new UpstreamIdentities(options.ClientCertificates).Select,
        },
    };

    private async ValueTask<Stream> DialAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = HostName.TryParse(context.DnsEndPoint.Host, out var parsed)
            ? parsed
            : throw new DestinationException(DestinationFailure.NotAllowed, parsed);
        var agent = context.InitialRequestMessage.Options.TryGetValue(Agent, out var known)
            ? known
            : throw new InvalidOperationException("a request to an origin says whose it is");
        var socket = await _guard.DialAsync(agent, host, context.DnsEndPoint.Port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static void MarkWhenPaid(string name, HttpRequestMessage request)
    {
        if (HeaderRules.IsPayment(name) && request.Options.TryGetValue(Mark, out var mark))
        {
            mark.Sent = true;
        }
    }

    /// <summary>Whether a payment header has begun to leave.</summary>
    internal sealed class SendMark
    {
        private volatile bool _sent;

        public bool Sent
        {
            get => _sent;
            set => _sent = value;
        }
    }
}
