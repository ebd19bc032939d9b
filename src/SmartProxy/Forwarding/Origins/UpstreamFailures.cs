using System.Security.Authentication;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Payments;
using Yarp.ReverseProxy.Forwarder;

namespace SmartProxy.Forwarding.Origins;

/// <summary>Trouble with an origin, as an answer. Coarse on purpose: an agent learns no more about a network than it needs.</summary>
internal static class UpstreamFailures
{
    public static Refusal Malformed(string fault) => new(
        StatusCodes.Status502BadGateway, "upstream_malformed", $"the origin's answer was not passed on because {fault}; report this to the origin");

    public static Refusal NotAllowed { get; } = new(
        StatusCodes.Status403Forbidden, "destination_not_allowed", "this address is not a public one and the operator has not listed it; ask the operator to allow it under Egress");

    public static Refusal From(ForwarderError error, Exception? exception)
    {
        if (error is ForwarderError.RequestBodyClient or ForwarderError.RequestBodyCanceled)
        {
            if (IsTooSlow(exception))
            {
                return new Refusal(StatusCodes.Status408RequestTimeout, "request_body_failed", "the request body came too slowly; send it again, faster");
            }

            return new Refusal(StatusCodes.Status400BadRequest, "request_body_failed", "the request body broke off; send it again");
        }

        return error is ForwarderError.RequestTimedOut ? Timeout : From(exception);
    }

    public static Refusal From(Exception? exception)
    {
        if (Find<DestinationException>(exception) is { } destination)
        {
            return From(destination.Failure);
        }

        if (Find<UpstreamTrustException>(exception) is { } distrust)
        {
            return new Refusal(
                StatusCodes.Status502BadGateway,
                "upstream_tls_failed",
                $"the origin's certificate was not accepted because {distrust.Message}; nothing of the request was sent; check the host name, or ask the operator about its root");
        }

        if (Find<OperationCanceledException>(exception) is not null || Find<TimeoutException>(exception) is not null)
        {
            return Timeout;
        }

        return Find<AuthenticationException>(exception) is not null || Find<HttpRequestException>(exception) is { HttpRequestError: HttpRequestError.SecureConnectionError }
            ? new Refusal(StatusCodes.Status502BadGateway, "upstream_tls_failed", "the origin does not speak TLS 1.2 or later on this port, or broke the handshake off; check host and port")
            : new Refusal(StatusCodes.Status502BadGateway, "upstream_failed", "the origin broke the connection off; try again later");
    }

    private static bool IsTooSlow(Exception? exception) => exception switch
    {
        BadHttpRequestException bad => bad.StatusCode == StatusCodes.Status408RequestTimeout,
        AggregateException several => several.InnerExceptions.Any(IsTooSlow),
        _ => exception?.InnerException is { } inner && IsTooSlow(inner),
    };

    private static T? Find<T>(Exception? exception)
        where T : Exception => exception is null ? null : exception as T ?? Find<T>(exception.InnerException);

    private static Refusal Timeout { get; } = new(
        StatusCodes.Status504GatewayTimeout, "upstream_timeout", "the origin did not answer in time; try again later");

    private static Refusal From(DestinationFailure failure) => failure switch
    {
        DestinationFailure.NotAllowed => NotAllowed,
        DestinationFailure.DnsFailed => new Refusal(StatusCodes.Status502BadGateway, "upstream_dns_failed", "the host name does not resolve; check it"),
        DestinationFailure.ConnectFailed => new Refusal(StatusCodes.Status502BadGateway, "upstream_connect_failed", "the origin refused the connection; try again later"),
        DestinationFailure.TooManyLookups => Admission.Later(
            new Refusal(StatusCodes.Status429TooManyRequests, "too_many_lookups", "this agent has too many host names being looked up; wait for some and try again")),
        DestinationFailure.Overloaded => Admission.Overloaded,
    };
}
