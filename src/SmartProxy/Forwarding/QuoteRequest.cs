using System.Text;
using System.Text.Json;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding;

/// <summary>The request that a <c>POST /v1/quote</c> asks about.</summary>
/// <param name="Agent">For whom, where the body says so: only the operator's listener reads it.</param>
/// <param name="Origin">Where it would go.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Method">Its method.</param>
/// <param name="Headers">Its headers.</param>
/// <param name="Body">Its body.</param>
internal sealed record QuoteRequest(AgentId? Agent, Origin Origin, string Target, string Method, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body)
{
    /// <summary>The longest description, in bytes.</summary>
    public const int MaxLength = 256 * 1024;

    public const string Expected = """{"url": "https://…", "method": "GET", "headers": {"Name": "value"}, "body": "text"}, of which only the url is required""";

    private const int MaxHeaders = 64;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    // What belongs to the connection, decides where the request goes, or is ours to say.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase) { "Host", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Expect", "TE", "Trailer", PaymentModeHeader };
    private const string PaymentModeHeader = Payments.PaymentRequest.ModeHeader;

    /// <summary>Reads the body of a <c>POST /v1/quote</c>; null with an objection when it is not as expected.</summary>
    /// <param name="body">The JSON.</param>
    /// <param name="isForAgent">Whether a member <c>agent</c> is expected.</param>
    /// <param name="objection">What was expected.</param>
    public static QuoteRequest? TryRead(ReadOnlyMemory<byte> body, bool isForAgent, out string objection)
    {
        objection = isForAgent ? """send {"agent": "NAME", """ + Expected[1..] : "send " + Expected;
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            return Read(document.RootElement, isForAgent);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException) // the latter for half a surrogate pair
        {
            return null;
        }
    }

    private static QuoteRequest? Read(JsonElement root, bool isForAgent)
    {
        if (root.ValueKind is not JsonValueKind.Object)
        {
            return null;
        }

        AgentId? agent = null;
        (Origin Origin, string Target)? url = null;
        var (method, headers, content) = ("GET", new List<KeyValuePair<string, string>>(), Array.Empty<byte>());
        foreach (var member in root.EnumerateObject())
        {
            var text = member.Value.ValueKind is JsonValueKind.String ? member.Value.GetString() : null;
            switch (member.Name)
            {
                case "agent" when isForAgent && AgentId.TryParse(text, out var named):
                    agent = named;
                    break;
                case "url" when TrySplit(text, out var origin, out var target):
                    url = (origin, target);
                    break;
                case "method" when text is { Length: <= 32 } && HeaderRules.IsToken(text) && text.ToUpperInvariant() is not ("CONNECT" or "TRACE" or "HEAD"):
                    method = text;
                    break;
                case "headers" when TryReadHeaders(member.Value, headers):
                    break;
                case "body" when text is not null:
                    content = Encoding.UTF8.GetBytes(text);
                    break;
                default:
                    return null; // a misspelt member would quote another request
            }
        }

        return url is { } found && (agent is not null || !isForAgent) ? new QuoteRequest(agent, found.Origin, found.Target, method, headers, content) : null;
    }

    private static bool TryReadHeaders(JsonElement element, List<KeyValuePair<string, string>> headers)
    {
        if (element.ValueKind is not JsonValueKind.Object)
        {
            return false;
        }

        foreach (var header in element.EnumerateObject())
        {
            if (header.Value.ValueKind is not JsonValueKind.String
                || !HeaderRules.IsToken(header.Name)
                || Reserved.Contains(header.Name)
                || header.Name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)
                || headers.Count == MaxHeaders
                || header.Value.GetString() is not { } value
                || HeaderRules.HasControls(value)
                || value.AsSpan().ContainsAnyExceptInRange('\0', '\u00ff'))
            {
                return false;
            }

            headers.Add(new(header.Name, value));
        }

        return true;
    }

    /// <summary>Splits a URL into its origin and its target.</summary>
    public static bool TrySplit(string? url, out Origin origin, out string target)
    {
        (origin, target) = (default, "/");
        var start = url?.IndexOf("://", StringComparison.Ordinal) + 3 ?? -1;
        if (start < 3)
        {
            return false;
        }

        var length = url.AsSpan(start).IndexOfAny("/?");
        var end = length < 0 ? url!.Length : start + length;
        target = length < 0 ? "/" : url![end..];
        return Origin.TryParse(url![..end], out origin);
    }
}
