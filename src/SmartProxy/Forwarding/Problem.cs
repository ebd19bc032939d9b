using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using SmartProxy.Payments;

namespace SmartProxy.Forwarding;

/// <summary>A refusal as it travels: problem details (RFC 9457) and <c>Proxy-Status</c> (RFC 9209).</summary>
internal static class Problem
{
    public const string ContentType = "application/problem+json";

    // Backticks and apostrophes stay readable; the media type and nosniff keep it from ever being a page.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] ToJson(Refusal refusal)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("type", "urn:smart-proxy:" + refusal.Reason);
            json.WriteString("title", refusal.Reason.Replace('_', ' '));
            json.WriteNumber("status", refusal.Status);
            json.WriteString("detail", refusal.Detail);
            json.WriteString("reason", refusal.Reason);
            foreach (var (name, value) in refusal.Members)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The value of <c>Proxy-Status</c>. Reasons are our own words: they need no escaping.</summary>
    public static string ProxyStatus(Refusal refusal)
    {
        var error = refusal.Reason switch
        {
            "upstream_dns_failed" => "dns_error",
            "upstream_connect_failed" => "connection_refused",
            "upstream_tls_failed" => "tls_protocol_error",
            "upstream_timeout" => "http_response_timeout",
            "upstream_malformed" => "http_protocol_error",
            "upstream_failed" => "connection_terminated",
            "destination_not_allowed" => "destination_ip_prohibited",
            "proxy_loop" => "proxy_loop_detected",
            "malformed_request" or "malformed_connect" or "late_connect" or "request_body_failed" or "expectation_failed" => "http_request_error",
            _ => refusal.Status < 500 ? "http_request_denied" : "proxy_internal_error",
        };
        return $"smart-proxy; error={error}; details=\"{refusal.Reason}\"";
    }

    /// <summary>Answers a request whose answer has not begun; otherwise cuts it off, so that no half answer passes for a whole one.</summary>
    public static async ValueTask AnswerAsync(HttpContext context, Refusal refusal)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort();
            return;
        }

        var body = ToJson(refusal);
        response.Clear();
        response.StatusCode = refusal.Status;
        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Proxy-Status"] = ProxyStatus(refusal);
        if (EndsConnection(refusal) && !HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            response.Headers.Connection = "close";
        }

        if (refusal.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (refusal.ReceiptId is { } receipt)
        {
            response.Headers["Smart-Proxy-Receipt"] = receipt;
        }

        if (refusal.Status == StatusCodes.Status407ProxyAuthenticationRequired)
        {
            response.Headers.ProxyAuthenticate = Challenge;
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, CancellationToken.None);
        }
    }

    // Where a message ends, or whom it is for, was not clear: what follows on its connection is not clear either.
    private static bool EndsConnection(Refusal refusal) =>
        refusal.Status == StatusCodes.Status408RequestTimeout
        || refusal.Reason is "malformed_request" or "misdirected_request" or "transfer_coding_not_supported" or "late_connect" or "too_many_connections";

    /// <summary>The value of <c>Proxy-Authenticate</c>.</summary>
    public const string Challenge = "Basic realm=\"smart-proxy\"";
}
