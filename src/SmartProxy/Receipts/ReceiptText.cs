using System.Globalization;
using System.Text;
using System.Text.Json;
using SmartProxy.Installation;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Receipts;

/// <summary>What a receipt says, read back from the compact JWS or from its JSON; the signature is not looked at, that is what <c>receipt verify</c> is for.</summary>
internal sealed class ReceiptText
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly JsonElement _root;

    private ReceiptText(JsonElement root) => _root = root;

    public string Id => Text("id") ?? "-";

    public string Outcome => Text("outcome") ?? "-";

    public string? Agent => Text("agent");

    public string Method => Text("method") ?? "-";

    public string? OriginText => Text("origin");

    public string Path => Text("path") ?? "/";

    public string? Scheme => Text("terms", "scheme");

    public int Version => _root.TryGetProperty("terms", out var terms) && terms.TryGetProperty("version", out var version) && version.TryGetInt32(out var number) ? number : 2;

    public string Rule => Text("decision", "rule") ?? "-";

    public string? Reason => Text("decision", "reason");

    public string? PolicyHash => Text("decision", "policyHash");

    public string? Limit => Text("decision", "limit");

    public string? Spent => Text("decision", "spent");

    public string? Held => Text("decision", "held");

    /// <summary>The least figure of the guard that refused with which it would have passed.</summary>
    public int? PassesAt => _root.TryGetProperty("decision", out var decision) && decision.TryGetProperty("passesAt", out var figure) && figure.TryGetInt32(out var passesAt) ? passesAt : null;

    public string? Network => Text("payment", "network");

    public string? Asset => Text("payment", "asset");

    public string? Amount => Text("payment", "amount");

    public string? PayTo => Text("payment", "payTo");

    public string? Price => Text("payment", "usd");

    public DateTimeOffset? DecidedAt => DateTimeOffset.TryParse(Text("decidedAt"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    /// <summary>Which rule said what.</summary>
    public IReadOnlyList<TraceStep> Trace => _root.TryGetProperty("decision", out var decision) && decision.TryGetProperty("trace", out var trace) ? TraceLines.Read(trace) : [];

    /// <exception cref="OperatorException">It is no receipt.</exception>
    public static ReceiptText Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(Payload(text.Trim()), Strict);
            if (document.RootElement.ValueKind is JsonValueKind.Object && document.RootElement.TryGetProperty("decision", out _))
            {
                return new ReceiptText(document.RootElement.Clone());
            }
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw new OperatorException("expected a receipt: a compact JWS, or the JSON that it says");
    }

    /// <summary>The policy that judged, or null.</summary>
    public static Bytes32? PolicyHashOf(string text) => Bytes32.TryParse(Read(text).PolicyHash, out var hash) ? hash : null;

    private static string Payload(string text) =>
        text.Split('.') is [_, var payload, _] && StrictBase64Url.TryDecode(payload, out var bytes) ? Encoding.UTF8.GetString(bytes) : text;

    private string? Text(params ReadOnlySpan<string> path)
    {
        var element = _root;
        foreach (var name in path)
        {
            if (element.ValueKind is not JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind is JsonValueKind.String ? element.GetString() : null;
    }
}
