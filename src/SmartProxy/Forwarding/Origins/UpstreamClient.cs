using System.Collections.Concurrent;
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

/// <summary>
/// The one client that speaks to origins. It follows nothing, decodes nothing, stores nothing, and dials only through the guard. Each agent has
/// connections of its own.
/// </summary>
internal sealed class UpstreamClient : IDisposable
{
    /// <summary>Set on a paid request; marked the moment its payment header is written towards a connection.</summary>
    public static readonly HttpRequestOptionsKey<SendMark> Mark = new("smart-proxy.mark");

    /// <summary>Set on every request: whose it is.</summary>
    public static readonly HttpRequestOptionsKey<AgentId> Agent = new("smart-proxy.agent");

    // Without it the library's windows grow to 16 MiB a stream, and an agent that stops reading would leave all of it here.
    private const string FixedWindows = "System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing";

    private readonly ConcurrentDictionary<AgentId, Lazy<HttpMessageInvoker>> _invokers = new();
    private readonly DestinationGuard _guard;
    private readonly OriginPlaces _places;
    private readonly TimeProvider _time;
    private readonly UpstreamOptions _options;
    private readonly UpstreamTrust _trust;
    private readonly UpstreamIdentities _identities;

    /// <exception cref="InvalidDataException">The process was not started with windows to origins that stay as they are set.</exception>
    public UpstreamClient(DestinationGuard guard, OriginPlaces places, TimeProvider time, IOptions<UpstreamOptions> options)
    {
        if (!AppContext.TryGetSwitch(FixedWindows, out var isFixed) || !isFixed)
        {
            throw new InvalidDataException($"expected {FixedWindows} to be true in smartproxy.runtimeconfig.json, beside the program: publish it again");
        }

        (_guard, _places, _time, _options) = (guard, places, time, options.Value);
        (_trust, _identities) = (new UpstreamTrust(_options.ExtraCaFile), new UpstreamIdentities(_options.ClientCertificates));
    }

    /// <summary>Sends what an agent asks, on connections that only it uses. Names come from credentials, so there are no more than agents.</summary>
    public HttpMessageInvoker Of(AgentId agent) =>
        _invokers.GetOrAdd(agent, static (agent, client) => new Lazy<HttpMessageInvoker>(() => client.Create(agent)), this).Value;

    public void Dispose()
    {
        foreach (var invoker in _invokers.Values)
        {
            invoker.Value.Dispose();
        }
    }

    private HttpMessageInvoker Create(AgentId agent)
    {
        var pool = new OriginPool(CreateHandler, TimeSpan.FromSeconds(_options.ConnectSeconds + 1), _time);
        _places.Keep(agent, pool.EndIdle);
        return new HttpMessageInvoker(new FlushingHandler(pool), disposeHandler: true);
    }

    private SocketsHttpHandler CreateHandler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(_options.ConnectSeconds),
        Expect100ContinueTimeout = TimeSpan.FromMilliseconds(_options.ExpectMilliseconds),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        KeepAlivePingDelay = TimeSpan.FromSeconds(60),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        MaxResponseHeadersLength = 128,
        InitialHttp2StreamWindowSize = _options.WindowBytes,

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
            RemoteCertificateValidationCallback = _trust.Accept,
            LocalCertificateSelectionCallback = _identities.Select,
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
