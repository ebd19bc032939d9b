using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Policies;

namespace SmartProxy.Forwarding;

/// <summary>
/// Asks an origin what a request would cost, for <c>POST /v1/quote</c>. The request is the one that the body describes, and takes the way of all
/// traffic: the policy's egress, the destination guard, TLS and the table of headers. Of the origin's answer nothing is shown but what a 402 offers.
/// </summary>
internal sealed class Probe(ForwardingEndpoint forwarding, IPolicyView policy)
{
    /// <summary>What is said of a 402 that nothing can be made of.</summary>
    /// <param name="why">Why it can't be paid, or null where it is no payment protocol that we know.</param>
    public static ReadOnlyMemory<byte> NotPayable(string? why) => Write(json =>
    {
        json.WriteBoolean("isFree", false);
        json.WriteBoolean("wouldPay", false);
        json.WriteString("unpaid", why ?? "unknown protocol");
        json.WriteStartArray("offers");
        json.WriteEndArray();
    });

    public async Task RunAsync(HttpContext context, AgentIdentity identity, QuoteRequest request)
    {
        if (policy.Treat(identity.Agent, request.Origin.Host, request.Origin.Port) is var treatment and (TunnelTreatment.Refuse or TunnelTreatment.RefusePort))
        {
            await Problem.AnswerAsync(context, treatment is TunnelTreatment.Refuse ? EgressRefusals.NotListed : EgressRefusals.Port);
            return;
        }

        if (!ForwardTarget.TryCreate(identity, request.Origin, request.Target, out var target))
        {
            await Problem.AnswerAsync(context, new Refusal(400, "malformed_request", "the target holds a fragment or characters that no target may hold; encode them"));
            return;
        }

        await forwarding.ProbeAsync(Described(context, request), target, status => OwnJson.AnswerAsync(context, Free(status)).AsTask());
    }

    private static ReadOnlyMemory<byte> Free(int status) => Write(json =>
    {
        json.WriteBoolean("isFree", true);
        json.WriteBoolean("wouldPay", false);
        json.WriteNumber("status", status);
        json.WriteStartArray("offers");
        json.WriteEndArray();
    });

    // The connection and the answer of the caller, with the request that was described.
    private static DefaultHttpContext Described(HttpContext context, QuoteRequest request)
    {
        var headers = new HeaderDictionary { ["Host"] = request.Origin.Authority, [PaymentRequest.ModeHeader] = PaymentRequest.Quote };
        foreach (var (name, value) in request.Headers)
        {
            headers[name] = value;
        }

        if (request.Body.Length > 0)
        {
            headers.ContentLength = request.Body.Length;
        }

        var features = new FeatureCollection(context.Features);
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = context.Request.Protocol,
            Scheme = request.Origin.Scheme,
            Method = request.Method,
            Path = "/",
            RawTarget = request.Target,
            Headers = headers,
            Body = new MemoryStream(request.Body, writable: false),
        });
        features.Set<IHttpRequestBodyDetectionFeature>(new BodyDetection(request.Body.Length > 0));
        features.Set<IHttpUpgradeFeature>(null);
        features.Set<IHttpExtendedConnectFeature>(null);
        return new DefaultHttpContext(features);
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private sealed record BodyDetection(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;
}
