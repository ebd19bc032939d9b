using System.Globalization;
using System.Text.Json;
using SmartProxy.Forwarding;
using SmartProxy.Ledger;
using SmartProxy.Payments;

namespace SmartProxy.AdminApi;

/// <summary>Answers of our own endpoints: JSON that no browser takes for a page and no cache keeps.</summary>
internal static class ApiAnswer
{
    public static Task JsonAsync(HttpContext context, Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK) =>
        SendAsync(context, status, "application/json", Json(write));

    /// <summary>A refusal as RFC 9457 problem details. The texts are ours and hold nothing that the caller sent.</summary>
    public static Task ProblemAsync(HttpContext context, int status, string reason, string detail)
    {
        context.Response.Headers["Proxy-Status"] = Problem.ProxyStatus(new Refusal(status, reason, detail));
        return SendAsync(context, status, "application/problem+json", Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteNumber("status", status);
            json.WriteString("reason", reason);
            json.WriteString("detail", detail);
            json.WriteEndObject();
        }));
    }

    public static Task TextAsync(HttpContext context, string contentType, string text) =>
        SendAsync(context, StatusCodes.Status200OK, contentType, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>One limit and how it stands, as <c>/v1/me</c> and <c>/v1/agents</c> show it. Dollars are decimal text.</summary>
    public static void WriteUsage(Utf8JsonWriter json, LineUsage usage)
    {
        json.WriteStartObject();
        WriteUsageMembers(json, usage);
        json.WriteEndObject();
    }

    /// <summary>The members of <see cref="WriteUsage"/>, for who has more to say.</summary>
    public static void WriteUsageMembers(Utf8JsonWriter json, LineUsage usage)
    {
        json.WriteString("id", usage.Line.Id);
        json.WriteString("counts", Words.Of(usage.Line.Limit.Measure));
        json.WriteString("window", usage.Line.Window.ToString());
        json.WriteString("limit", usage.Line.Limit.ToString());
        json.WriteString("spent", usage.Spent.ToString());
        json.WriteString("held", usage.Held.ToString());
        json.WriteString("remaining", usage.Remaining.ToString());
        if (usage.ResetsAt is { } resets)
        {
            json.WriteString("resetsAt", Time(resets));
        }
    }

    public static void WritePage(Utf8JsonWriter json, PaymentPage page)
    {
        json.WriteStartObject();
        json.WriteStartArray("payments");
        foreach (var row in page.Rows)
        {
            WriteRow(json, row);
        }

        json.WriteEndArray();
        if (page.Next is { } next)
        {
            json.WriteString("next", next.Value);
        }

        json.WriteEndObject();
    }

    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void WriteRow(Utf8JsonWriter json, PaymentRow row)
    {
        json.WriteStartObject();
        json.WriteString("id", row.Id.Value);
        json.WriteString("at", Time(row.At));
        json.WriteString("agent", row.Agent.Value);
        json.WriteString("outcome", row.Outcome);
        json.WriteString("method", row.Method);
        json.WriteString("origin", row.Origin);
        json.WriteString("path", row.Path);
        WriteOptional(json, "reason", row.Reason);
        WriteOptional(json, "rule", row.Rule);
        WriteOptional(json, "value", row.Value?.ToString());
        WriteOptional(json, "network", row.Network);
        WriteOptional(json, "asset", row.Asset);
        WriteOptional(json, "amount", row.Amount);
        WriteOptional(json, "payTo", row.PayTo);
        WriteOptional(json, "transaction", row.Transaction);
        WriteOptional(json, "settlement", row.Settlement);
        WriteOptional(json, "undelivered", row.Undelivered);
        WriteOptional(json, "refunded", row.Refunded);
        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return buffer.ToArray();
    }

    private static async Task SendAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
    }
}
