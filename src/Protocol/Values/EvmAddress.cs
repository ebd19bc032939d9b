using System.Buffers.Binary;
using System.Text;

namespace SmartProxy.Protocol;

/// <summary>A 20-byte account or contract address. Compared by its bytes; its text is the EIP-55 checksum form.</summary>
public readonly record struct EvmAddress
{
    public const int Length = 20;

    public static readonly EvmAddress Zero;

    private readonly ulong _high;
    private readonly ulong _middle;
    private readonly uint _low;

    /// <param name="bytes">Exactly 20 bytes.</param>
    public EvmAddress(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _middle = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _low = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    /// <summary>
    /// Reads <c>0x</c> and 40 hex digits: all lower case, all upper case, or mixed case with a correct EIP-55 checksum.
    /// Mixed case with a wrong checksum is refused: it is a typing error or a look-alike.
    /// </summary>
    public static bool TryParse(string? text, out EvmAddress address)
    {
        address = default;
        if (!TryParseIgnoringChecksum(text, out var parsed))
        {
            return false;
        }

        var digits = text.AsSpan(2);
        var mixedCase = digits.ContainsAnyInRange('a', 'f') && digits.ContainsAnyInRange('A', 'F');
        if (mixedCase && text != parsed.ToString())
        {
            return false;
        }

        address = parsed;
        return true;
    }

    /// <summary>Reads <c>0x</c> and 40 hex digits of any case, for texts whose checksum is judged elsewhere.</summary>
    public static bool TryParseIgnoringChecksum(string? text, out EvmAddress address)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var parsed = Hex.TryDecode(text, bytes);
        address = parsed ? new EvmAddress(bytes) : default;
        return parsed;
    }

    /// <summary>For constants in code; throws on anything that <see cref="TryParse"/> refuses.</summary>
    public static EvmAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"expected an address (0x and 40 hex digits, correct checksum), found `{text}`");

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _middle);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], _low);
    }

    /// <summary>The EIP-55 checksum form.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        var lower = Convert.ToHexStringLower(bytes);
        Span<byte> ascii = stackalloc byte[Length * 2];
        Encoding.ASCII.GetBytes(lower, ascii);
        Span<byte> hash = stackalloc byte[32];
        Keccak.Hash256(ascii, hash);

        Span<char> text = stackalloc char[2 + (Length * 2)];
        "0x".CopyTo(text);
        for (var i = 0; i < lower.Length; i++)
        {
            var nibble = (i & 1) == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 0xF;
            text[2 + i] = nibble >= 8 ? char.ToUpperInvariant(lower[i]) : lower[i];
        }

        return new string(text);
    }
}
