using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Forwarding.Targets;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace SmartProxy.Forwarding.Attempts;

/// <summary>One sending of a request: what travels to the origin, and what of its answer travels back. One instance per sending.</summary>
internal abstract class Attempt(ForwardTarget target, ForwardingParts parts) : HttpTransformer
{
    private const int ExpectBytes = 64 * 1024;

    private readonly UpstreamConnection.Use _use = UpstreamConnection.Watch();
    private ChunkedAnswer? _chunked;

    /// <summary>Why the origin's answer was not fit to be shown; null when it was.</summary>
    public string? Fault { get; private set; }

    protected ForwardTarget Target => target;

    protected ForwardingParts Parts => parts;

    public override ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        var request = httpContext.Request;
        proxyRequest.RequestUri = target.Uri;
        proxyRequest.Options.Set(UpstreamClient.Agent, target.Identity.Agent);
        CopyToOrigin(httpContext, proxyRequest);

        if (proxyRequest.Content is { } content)
        {
            if (request.Headers.ContentLength is { } length)
            {
                content.Headers.ContentLength = length;
            }

            if (request.Headers.ContentLength is null or > ExpectBytes && parts.Charging.Contains(target.Origin))
            {
                proxyRequest.Headers.ExpectContinue = true;
            }
        }

        // Trailers can be passed on to agents that ask for them; gRPC needs that (RFC 9113 8.2.2). HTTP/1.1 nominates TE, HTTP/2 leaves that out.
        if (!HttpProtocol.IsHttp10(request.Protocol) && ChunkedAnswer.AsksForTrailers(request))
        {
            proxyRequest.Headers.TryAddWithoutValidation("TE", "trailers");
            proxyRequest.Headers.Connection.Add("TE");
        }

        if (HttpMethods.IsOptions(request.Method) && MaxForwards(request) is { } forwards)
        {
            proxyRequest.Headers.MaxForwards = forwards - 1;
        }

        proxyRequest.Headers.TryAddWithoutValidation("Via", parts.Via.LineFor(request.Protocol));
        return ValueTask.CompletedTask;
    }

    public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return ValueTask.FromResult(false);
        }

        Fault = MessageFaults.Find(proxyResponse, IsUpgrade(httpContext));
        if (Fault is null)
        {
            return ReceiveAsync(httpContext, proxyResponse);
        }

        _use.Spoil();
        return ValueTask.FromResult(false);
    }

    public override ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        // The head is gone: an answer that ends badly can only break off.
        if (MessageFaults.HasFault(proxyResponse.TrailingHeaders.NonValidated))
        {
            httpContext.Abort();
            return ValueTask.CompletedTask;
        }

        if (_chunked is not null)
        {
            return _chunked.EndAsync(proxyResponse.TrailingHeaders.NonValidated, cancellationToken);
        }

        var trailers = httpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        if (trailers is { IsReadOnly: false })
        {
            Copy(proxyResponse.TrailingHeaders.NonValidated, trailers, nominated: null);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The number of further hops that an OPTIONS asks for; null without one.</summary>
    public static int? MaxForwards(HttpRequest request) =>
        int.TryParse(request.Headers["Max-Forwards"], NumberStyles.None, CultureInfo.InvariantCulture, out var forwards) ? forwards : null;

    public static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true
        || (context.Request.Headers.Upgrade.Count > 0 && context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true);

    /// <summary>Takes a well-formed answer. True lets the forwarder copy its body to the agent.</summary>
    protected abstract ValueTask<bool> ReceiveAsync(HttpContext context, HttpResponseMessage response);

    protected void CopyToAgent(HttpResponseMessage response, IHeaderDictionary headers)
    {
        var nominated = response.Headers.NonValidated.TryGetValues("Connection", out var connection)
            ? HeaderRules.Nominated(HeaderRules.ToStringValues(connection))
            : null;
        Copy(response.Headers.NonValidated, headers, nominated);
        Copy(response.Content.Headers.NonValidated, headers, nominated);

        // These have no content, and the server refuses a length for them (RFC 9110 8.6).
        if ((int)response.StatusCode is < 200 or 204 or 205)
        {
            headers.ContentLength = null;
        }

        if (target.Upstream is { } upstream)
        {
            headers.Location = Seen(upstream, headers.Location);
            headers.ContentLocation = Seen(upstream, headers.ContentLocation);
        }

        headers.Via = StringValues.Concat(headers.Via, parts.Via.LineFor(response.Version));
    }

    /// <summary>Makes room for trailers where there may be some. To be called when the head of an answer that the agent gets is complete.</summary>
    protected void ExpectTrailers(HttpContext context, HttpResponseMessage response)
    {
        if (ChunkedAnswer.IsWanted(context.Request, response))
        {
            _chunked = ChunkedAnswer.TakeOver(context.Response);
        }
    }

    /// <summary>
    /// Sends the head of a stream on before its first event, which may take long to come: a gRPC client may even wait for it before it speaks. For
    /// other answers the head travels with the first bytes, as an empty body must be told at once.
    /// </summary>
    protected static Task ShowStreamHeadAsync(HttpContext context) =>
        context.Response.StatusCode == StatusCodes.Status200OK && !HttpMethods.IsHead(context.Request.Method) && IsStream(context.Response)
            ? context.Response.Body.FlushAsync(context.RequestAborted)
            : Task.CompletedTask;

    // A gRPC answer that has its status in the head has no body.
    private static bool IsStream(HttpResponse response) =>
        response.ContentType is { } type
        && (type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase)
            || (type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) && !response.Headers.ContainsKey("grpc-status")));

    private static StringValues Seen(NamedUpstream upstream, StringValues location) => location is [{ } one] ? upstream.LocationFor(one) : location;

    private static void Copy(System.Net.Http.Headers.HttpHeadersNonValidated source, IHeaderDictionary destination, List<string>? nominated)
    {
        foreach (var (name, values) in source)
        {
            if (HeaderRules.TravelsToAgent(name) && !HeaderRules.Contains(nominated, name))
            {
                destination[name] = StringValues.Concat(destination[name], HeaderRules.ToStringValues(values));
            }
        }
    }

    private static void CopyToOrigin(HttpContext context, HttpRequestMessage message)
    {
        var headers = context.Request.Headers;
        var nominated = HeaderRules.Nominated(headers.Connection);
        foreach (var (name, values) in headers)
        {
            if (!HeaderRules.TravelsToOrigin(name) || HeaderRules.Contains(nominated, name))
            {
                continue;
            }

            // INVARIANT: the library writes a value as it is, so one that holds a line feed would be another request. The last look, whoever made it.
            foreach (var value in values)
            {
                _ = HeaderRules.HasControls(value) ? throw new InvalidOperationException("a header value holds control characters") : 0;
            }

            var added = values.Count == 1
                ? message.Headers.TryAddWithoutValidation(name, values.ToString()) || message.Content?.Headers.TryAddWithoutValidation(name, values.ToString()) == true
                : message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values) || message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values) == true;
            if (!added)
            {
                ContentHeader.AddWithoutContent(context, message, name, values);
            }
        }
    }

    /// <summary>A content header on a request without content needs the forwarder's own empty content, which only a transform can reach.</summary>
    private sealed class ContentHeader : RequestTransform
    {
        public static void AddWithoutContent(HttpContext context, HttpRequestMessage message, string name, StringValues values) =>
            AddHeader(new RequestTransformContext { HttpContext = context, ProxyRequest = message }, name, values);

        public override ValueTask ApplyAsync(RequestTransformContext context) => ValueTask.CompletedTask;
    }
}
