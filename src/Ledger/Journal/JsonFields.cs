using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>How values are spelled in the journal and in decision records.</summary>
internal static class JsonFields
{
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>Compact; escapes only what JSON demands. The text is data in files, never markup.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A 32-byte value as <c>0x</c> and 64 lower-case digits.</summary>
    public static void WriteWord(this Utf8JsonWriter json, ReadOnlySpan<byte> name, Bytes32 value) => WriteHex(json, name, value, prefix: "0x"u8);

    /// <summary>A hash of the chain of lines as <c>sha256sum</c> prints it: 64 lower-case digits.</summary>
    public static void WriteLineHash(this Utf8JsonWriter json, ReadOnlySpan<byte> name, Bytes32 value) => WriteHex(json, name, value, prefix: []);

    /// <summary>An address in lower case: one spelling for each, and no hash to compute for it.</summary>
    public static void WriteAddress(this Utf8JsonWriter json, ReadOnlySpan<byte> name, EvmAddress value)
    {
        Span<byte> bytes = stackalloc byte[EvmAddress.Length];
        Span<byte> text = stackalloc byte[2 + (EvmAddress.Length * 2)];
        value.CopyTo(bytes);
        "0x"u8.CopyTo(text);
        Convert.TryToHexStringLower(bytes, text[2..], out _);
        json.WriteString(name, text);
    }

    /// <summary>A whole number as a string of digits, so that no reader turns it into a floating point number.</summary>
    public static void WriteDigits(this Utf8JsonWriter json, ReadOnlySpan<byte> name, UInt128 value)
    {
        Span<byte> digits = stackalloc byte[39];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        json.WriteString(name, digits[..length]);
    }

    public static void WriteTime(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset value)
    {
        Span<byte> text = stackalloc byte[27];
        value.UtcDateTime.TryFormat(text, out var length, TimeFormat, CultureInfo.InvariantCulture);
        json.WriteString(name, text[..length]);
    }

    public static void WriteOptional(this Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>What is counted, where it is not dollars: they go without saying.</summary>
    public static void WriteMeasure(this Utf8JsonWriter json, SpendMeasure? measure)
    {
        if (measure is { } counted && counted != SpendMeasure.Dollars)
        {
            json.WriteString("measure"u8, JournalWords.Of(counted));
        }
    }

    private static void WriteHex(Utf8JsonWriter json, ReadOnlySpan<byte> name, Bytes32 value, ReadOnlySpan<byte> prefix)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        Span<byte> text = stackalloc byte[2 + (Bytes32.Length * 2)];
        value.CopyTo(bytes);
        prefix.CopyTo(text);
        Convert.TryToHexStringLower(bytes, text[prefix.Length..], out _);
        json.WriteString(name, text[..(prefix.Length + (Bytes32.Length * 2))]);
    }
}
