using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using SmartProxy.Forwarding;
using SmartProxy.Payments;

namespace SmartProxy.Connections;

/// <summary>What is answered to a CONNECT, as bytes.</summary>
internal static class ConnectReplies
{
    public static ReadOnlyMemory<byte> Established { get; } = "HTTP/1.1 200 Connection Established\r\n\r\n"u8.ToArray();

    /// <summary>The same for missing, wrong, revoked and expired credentials; the connection stays open for the next try.</summary>
    public static ReadOnlyMemory<byte> Challenge { get; } = Write(
        new Refusal(407, "proxy_authentication_required", "send the agent's name and token; they belong into the proxy's URL"),
        $"Proxy-Authenticate: {Problem.Challenge}\r\n");

    public static byte[] Malformed { get; } = From(
        new Refusal(400, "malformed_connect", "CONNECT takes `host:port`, a small head, and nothing after it until it is answered"));

    /// <summary>To the first byte inside a tunnel, where the server would serve only TLS or HTTP.</summary>
    public static byte[] NoMethod { get; } = From(
        new Refusal(400, "malformed_request", "a tunnel carries TLS or HTTP, and this begins neither a handshake nor a method in capitals"));

    /// <summary>A refusal after which the connection is closed.</summary>
    public static byte[] From(Refusal refusal) => Write(refusal, "Connection: close\r\n");

    private static byte[] Write(Refusal refusal, string more)
    {
        var body = Problem.ToJson(refusal);
        var retry = refusal.RetryAfterSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"Retry-After: {seconds}\r\n") : "";
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {refusal.Status} {ReasonPhrases.GetReasonPhrase(refusal.Status)}\r\nContent-Type: {Problem.ContentType}\r\nContent-Length: {body.Length}\r\nProxy-Status: {Problem.ProxyStatus(refusal)}\r\n{more}{retry}\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }
}
