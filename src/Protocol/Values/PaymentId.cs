using System.Buffers.Binary;

namespace SmartProxy.Protocol;

/// <summary>
/// One decision on one 402, and the payment that follows from it. Sorts by time: 48 bits of Unix milliseconds, then 80 random bits,
/// in 26 characters of Crockford base 32, lower case. Held as a number, because the books find a million payments by it.
/// </summary>
public readonly record struct PaymentId
{
    /// <summary>Bytes of <see cref="CopyTo"/>.</summary>
    public const int Length = 16;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int TextLength = 26;

    // 26 characters hold 130 bits, so the first of them is one of the first eight.
    private const int FirstCharacters = 8;

    private static readonly byte[] Digits = [.. Enumerable.Range(0, 256).Select(character => unchecked((byte)Alphabet.IndexOf((char)character, StringComparison.Ordinal)))];

    private readonly ulong _high;
    private readonly ulong _low;

    /// <param name="bytes">Exactly 16 bytes, big-endian.</param>
    public PaymentId(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
    }

    private PaymentId(UInt128 number) => (_high, _low) = ((ulong)(number >> 64), (ulong)(number & ulong.MaxValue));

    /// <summary>Its text, made anew each time.</summary>
    public string Value => string.Create(TextLength, new UInt128(_high, _low), static (text, rest) =>
    {
        for (var i = TextLength - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(rest & 31)];
            rest >>= 5;
        }
    });

    /// <param name="at">The time of the decision.</param>
    /// <param name="random">Exactly ten random bytes.</param>
    public static PaymentId Create(DateTimeOffset at, ReadOnlySpan<byte> random)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(random.Length, 10);
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, at.ToUnixTimeMilliseconds() << 16);
        random.CopyTo(bytes[6..]);
        return new PaymentId(bytes);
    }

    public static bool TryParse(string? text, out PaymentId id)
    {
        id = default;
        Span<byte> utf8 = stackalloc byte[TextLength];
        return text is { Length: TextLength } && System.Text.Ascii.FromUtf16(text, utf8, out _) == System.Buffers.OperationStatus.Done && TryParse(utf8, out id);
    }

    /// <summary>Reads the same from UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out PaymentId id)
    {
        id = default;
        if (utf8.Length != TextLength || Digits[utf8[0]] >= FirstCharacters)
        {
            return false;
        }

        UInt128 number = 0;
        foreach (var character in utf8)
        {
            var digit = Digits[character];
            if (digit >= Alphabet.Length)
            {
                return false;
            }

            number = (number << 5) | digit;
        }

        id = new PaymentId(number);
        return true;
    }

    /// <summary>For constants in code; throws on anything that <see cref="TryParse(string?, out PaymentId)"/> refuses.</summary>
    public static PaymentId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"expected a payment id (26 of `{Alphabet}`), found `{text}`");

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
    }

    public override string ToString() => Value;
}
