using System.Globalization;
using System.Text.Json;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Chain;

/// <summary>Reads the values that a node spells in JSON. What has another form than was expected is an <see cref="EthRpcException"/>, never a default.</summary>
internal static class EthJson
{
    // 9998-01-01: what a calendar can still do arithmetic with.
    private const long MaxUnixSeconds = 253_339_228_800;

    public static JsonElement Result(JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object)
        {
            throw new EthRpcException("the node did not answer with an object");
        }

        if (answer.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
        {
            var message = error.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : "an error without a message";
            throw new EthRpcException($"the node answered: {Printable.Line(message, 120)}");
        }

        return answer.TryGetProperty("result", out var result) && result.ValueKind != JsonValueKind.Null
            ? result
            : throw new EthRpcException("the node answered without a result");
    }

    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : throw new EthRpcException($"the node's answer lacks `{name}`");

    public static IReadOnlyList<JsonElement> List(this JsonElement element, int most) =>
        element.ValueKind != JsonValueKind.Array ? throw new EthRpcException("the node answered without a list")
        : element.GetArrayLength() > most ? throw new EthRpcException($"the node answered with a list of more than {most}")
        : [.. element.EnumerateArray()];

    /// <summary>A number up to 2^60.</summary>
    public static long Quantity(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String
        && element.GetString() is { Length: > 2 and <= 17 } text
        && text.StartsWith("0x", StringComparison.Ordinal)
        && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new EthRpcException("the node answered without a number");

    public static long Seconds(this JsonElement element) =>
        element.Quantity() is var seconds and <= MaxUnixSeconds ? seconds : throw new EthRpcException("the node answered with a time that no calendar has");

    public static Bytes32 Word(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String && Bytes32.TryParse(element.GetString(), out var word) ? word : throw new EthRpcException("the node answered without 32 bytes");

    public static EvmAddress Address(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String && EvmAddress.TryParseIgnoringChecksum(element.GetString(), out var address)
            ? address
            : throw new EthRpcException("the node answered without an address");

    /// <summary>A word that is 0 or 1; a contract that says anything else is not the contract that was meant.</summary>
    public static bool Boolean(this JsonElement element) => element.Units() switch
    {
        var zero when zero == UInt128.Zero => false,
        var one when one == UInt128.One => true,
        _ => throw new EthRpcException("the contract answered neither true nor false"),
    };

    /// <summary>A word as an amount; more than 128 bits is the most that there is.</summary>
    public static UInt128 Units(this JsonElement element)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        element.Word().CopyTo(bytes);
        return bytes[..16].ContainsAnyExcept((byte)0) ? UInt128.MaxValue : System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    public static Bytes32 WordOf(EvmAddress address)
    {
        Span<byte> word = stackalloc byte[Bytes32.Length];
        word.Clear();
        address.CopyTo(word[(Bytes32.Length - EvmAddress.Length)..]);
        return new Bytes32(word);
    }

    /// <summary>The address in a word, whose first twelve bytes say nothing.</summary>
    public static EvmAddress AddressOf(Bytes32 word)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        word.CopyTo(bytes);
        return new EvmAddress(bytes[(Bytes32.Length - EvmAddress.Length)..]);
    }

    public static string ToQuantity(long value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);
}
