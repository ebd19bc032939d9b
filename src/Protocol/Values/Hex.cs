using System.Buffers;

namespace SmartProxy.Protocol;

/// <summary>Hex text with the <c>0x</c> prefix that Ethereum tools use.</summary>
public static class Hex
{
    public static string Encode(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>True only when <paramref name="text"/> is <c>0x</c> and exactly as many digits as fill <paramref name="destination"/>.</summary>
    public static bool TryDecode(string? text, Span<byte> destination) =>
        text is not null
        && text.StartsWith("0x", StringComparison.Ordinal)
        && text.Length == 2 + (destination.Length * 2)
        && Convert.FromHexString(text.AsSpan(2), destination, out _, out var written) == OperationStatus.Done
        && written == destination.Length;
}
