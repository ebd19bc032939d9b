using System.Buffers;
using System.Text;
using System.Text.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>
/// The <c>extensions</c> of a challenge on their way back: every member of the server is kept as it came, our payment identifier is added where
/// the server offers one, and the schemas can be left out to save space (x402 version 2, extensions: clients may add to <c>info</c>, never change it).
/// </summary>
internal static class EchoedExtensions
{
    private const string PaymentIdentifier = "payment-identifier";
    private const string Info = "info";
    private const string Id = "id";
    private const string Schema = "schema";

    public static bool OffersPaymentIdentifier(string? extensions)
    {
        if (extensions is null)
        {
            return false;
        }

        using var document = JsonDocument.Parse(extensions);
        return document.RootElement.TryGetProperty(PaymentIdentifier, out var extension) && TakesIdentifier(extension);
    }

    /// <param name="extensions">Raw JSON object, or null.</param>
    /// <param name="identifier">Our payment identifier, or null.</param>
    /// <param name="withSchemas">Whether the extensions' <c>schema</c> members go back too.</param>
    public static string? Write(string? extensions, string? identifier, bool withSchemas)
    {
        if (extensions is null || (withSchemas && (identifier is null || !OffersPaymentIdentifier(extensions))))
        {
            return extensions;
        }

        using var document = JsonDocument.Parse(extensions);
        var buffer = new ArrayBufferWriter<byte>(extensions.Length + 256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var extension in document.RootElement.EnumerateObject())
            {
                writer.WritePropertyName(extension.Name);
                WriteExtension(writer, extension.Value, extension.NameEquals(PaymentIdentifier) ? identifier : null, withSchemas);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static void RequireIdentifier(string? identifier)
    {
        var wellFormed = identifier is null
            || (identifier.Length is >= 16 and <= 128 && identifier.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'));
        if (!wellFormed)
        {
            throw new ArgumentException("expected a payment identifier of 16 to 128 letters, digits, `_` and `-`", nameof(identifier));
        }
    }

    private static void WriteExtension(Utf8JsonWriter writer, JsonElement extension, string? identifier, bool withSchemas)
    {
        if (extension.ValueKind is not JsonValueKind.Object)
        {
            WriteRaw(writer, extension);
            return;
        }

        writer.WriteStartObject();
        foreach (var member in extension.EnumerateObject().Where(member => withSchemas || !member.NameEquals(Schema)))
        {
            writer.WritePropertyName(member.Name);
            if (identifier is not null && member.NameEquals(Info) && TakesIdentifier(extension))
            {
                WriteInfo(writer, member.Value, identifier);
            }
            else
            {
                WriteRaw(writer, member.Value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteInfo(Utf8JsonWriter writer, JsonElement info, string identifier)
    {
        writer.WriteStartObject();
        foreach (var member in info.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            WriteRaw(writer, member.Value);
        }

        writer.WriteString(Id, identifier);
        writer.WriteEndObject();
    }

    // An id that the server already put there is the server's, and stays.
    private static bool TakesIdentifier(JsonElement extension) =>
        extension.ValueKind is JsonValueKind.Object
        && extension.TryGetProperty(Info, out var info)
        && info.ValueKind is JsonValueKind.Object
        && !info.TryGetProperty(Id, out _);

    private static void WriteRaw(Utf8JsonWriter writer, JsonElement element) => writer.WriteRawValue(element.GetRawText(), skipInputValidation: true);
}
