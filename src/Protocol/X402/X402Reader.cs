using SmartProxy.Protocol.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>
/// Reads the terms of a 402 answer, x402 version 1 (JSON body) and 2 (header <c>PAYMENT-REQUIRED</c>). Never throws on what a seller sends,
/// never guesses: a header that is there and broken is malformed, whatever the body says (x402 HTTP transport, versions 1 and 2).
/// </summary>
public static class X402Reader
{
    public const string HeaderName = "PAYMENT-REQUIRED";

    private const int PaymentRequired = 402;

    /// <param name="status">The answer's status.</param>
    /// <param name="headerValues">Every field line of a header, in order; empty when absent.</param>
    /// <param name="body">The body's first bytes, decoded from its content coding.</param>
    /// <param name="bodyIsWhole">Whether <paramref name="body"/> is all of it.</param>
    /// <param name="contentType">The answer's content type, if any; only <c>text/html</c> matters.</param>
    /// <param name="requestUrl">The absolute URL that was requested, to flag a resource elsewhere.</param>
    /// <param name="profile">What counts as payable.</param>
    public static Challenge Read(
        int status,
        Func<string, IReadOnlyList<string>> headerValues,
        ReadOnlyMemory<byte> body,
        bool bodyIsWhole,
        string? contentType,
        string? requestUrl,
        ReaderProfile profile)
    {
        if (status != PaymentRequired)
        {
            return Challenges.NotX402("status_not_402");
        }

        var lines = headerValues(HeaderName);
        return lines.Count switch
        {
            0 => ReadBody(body, bodyIsWhole, contentType, requestUrl, profile),
            1 => ReadHeader(lines[0], requestUrl, profile),
            _ => Challenges.Malformed("duplicate_header"),
        };
    }

    private static Challenge ReadHeader(string line, string? requestUrl, ReaderProfile profile)
    {
        var fault = StrictBase64.TryDecode(line, out var bytes);
        if (fault is not Base64Fault.None)
        {
            return Challenges.Malformed(fault is Base64Fault.TooLarge ? "too_large" : "bad_base64");
        }

        var jsonFault = StrictJson.TryParse(bytes, out var document);
        using (document)
        {
            var challenge = document is null
                ? Challenges.Malformed(WordOf(jsonFault))
                : PaymentRequiredReader.Read(document.RootElement, isHeader: true, requestUrl, profile);
            return challenge with { TermsHash = Bytes32.Sha256(bytes) };
        }
    }

    private static Challenge ReadBody(ReadOnlyMemory<byte> body, bool isWhole, string? contentType, string? requestUrl, ReaderProfile profile)
    {
        if (!MayBeDocument(body.Span, contentType))
        {
            return Challenges.NotX402("no_signal");
        }

        if (!isWhole)
        {
            return Refused(body, body.Length < StrictJson.MaxBytes ? "incomplete_body" : "too_large");
        }

        var fault = StrictJson.TryParse(body, out var document);
        using (document)
        {
            if (document is null)
            {
                // Text that does not parse is no signal; text that parses and breaks a bound is one, if it names the version.
                return fault is JsonFault.BadJson or JsonFault.NotObject ? Challenges.NotX402("no_signal") : Refused(body, WordOf(fault));
            }

            return document.RootElement.TryGetProperty(PaymentRequiredReader.VersionMember, out _)
                ? PaymentRequiredReader.Read(document.RootElement, isHeader: false, requestUrl, profile) with { TermsHash = Bytes32.Sha256(body.Span) }
                : Challenges.NotX402("no_signal");
        }
    }

    private static bool MayBeDocument(ReadOnlySpan<byte> body, string? contentType)
    {
        var text = body.TrimStart(" \t\r\n"u8);
        return !text.IsEmpty && text[0] == '{' && contentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) != true;
    }

    private static Challenge Refused(ReadOnlyMemory<byte> body, string reason) =>
        StrictJson.HasMember(body.Span, "x402Version"u8)
            ? Challenges.Malformed(reason) with { TermsHash = Bytes32.Sha256(body.Span) }
            : Challenges.NotX402("no_signal");

    private static string WordOf(JsonFault fault) => fault switch
    {
        JsonFault.None => "ok",
        JsonFault.BadJson => "bad_json",
        JsonFault.NotObject => "not_object",
        JsonFault.TooDeep => "too_deep",
        JsonFault.DuplicateKeys => "duplicate_keys",
        JsonFault.TooLarge => "too_large",
    };
}
