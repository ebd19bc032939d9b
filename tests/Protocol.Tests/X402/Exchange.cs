using System.Text;
using System.Text.Json;
using SmartProxy.Protocol.X402;
using SmartProxy.TestKit;

namespace SmartProxy.Protocol.Tests.X402;

/// <summary>A captured HTTP exchange of <c>exchanges.json</c>.</summary>
internal sealed class Exchange(JsonElement element)
{
    public static IReadOnlyDictionary<string, Exchange> All { get; } = Repository.Vectors("exchanges").GetProperty("exchanges").EnumerateArray()
        .Select(element => new Exchange(element))
        .ToDictionary(exchange => exchange.Id);

    public const long Clock = 1_780_000_000;

    public static EvmAddress Payer { get; } = EvmAddress.Parse("0x75df38D2546DeBbC4F16cfe8546eEaE48210fA4e");

    public string Id { get; } = element.GetProperty("id").GetString()!;

    public string Money { get; } = element.GetProperty("money").GetString()!;

    public IReadOnlyList<string> ClientRandom { get; } =
        element.TryGetProperty("clientRandom", out var draws) ? [.. draws.EnumerateArray().Select(draw => draw.GetString()!)] : [];

    public IReadOnlyList<Step> Steps { get; } =
        [.. element.GetProperty("steps").EnumerateArray().Where(step => step.TryGetProperty("request", out _)).Select(step => new Step(step))];

    /// <summary>The 402 that asks, if it was captured.</summary>
    public Step? Asked => Steps.FirstOrDefault(step => step.Response.Status == 402 && step.PaymentHeader is null);

    public IEnumerable<Step> Paid => Steps.Where(step => step.PaymentHeader is not null);

    internal sealed class Step(JsonElement step)
    {
        public HttpText Request { get; } = HttpText.Parse(step.GetProperty("request"));

        public HttpText Response { get; } = HttpText.Parse(step.GetProperty("response"));

        /// <summary>Value of the payment header of the request, if any.</summary>
        public string? PaymentHeader =>
            Request.Values(X402Writer.Version2HeaderName).Concat(Request.Values(X402Writer.Version1HeaderName)).FirstOrDefault();
    }
}

/// <summary>A raw HTTP/1.1 message.</summary>
internal sealed record HttpText(string StartLine, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    public int Status => int.Parse(StartLine.Split(' ')[1]);

    public static HttpText Parse(JsonElement message)
    {
        var bytes = message.TryGetProperty("rawBase64", out var base64)
            ? base64.GetBytesFromBase64()
            : Encoding.Latin1.GetBytes(message.GetProperty("raw").GetString()!);
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        var head = Encoding.Latin1.GetString(bytes.AsSpan(0, end)).Split("\r\n");
        var headers = head[1..].Select(line => (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim())).ToList();
        return new HttpText(head[0], headers, bytes[(end + 4)..]);
    }

    public IReadOnlyList<string> Values(string name) =>
        [.. Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)];
}
