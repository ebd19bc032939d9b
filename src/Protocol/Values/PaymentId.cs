using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SmartProxy.Protocol;

/// <summary>
/// One decision on one 402, and the payment that follows from it. Sorts by time: 48 bits of Unix milliseconds, then 80 random bits,
/// in 26 characters of Crockford base 32, lower case.
/// </summary>
public readonly record struct PaymentId(string Value)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int TextLength = 26;

    private static readonly SearchValues<byte> AlphabetBytes = SearchValues.Create("0123456789abcdefghjkmnpqrstvwxyz"u8);

    /// <param name="at">The time of the decision.</param>
    /// <param name="random">Exactly ten random bytes.</param>
    public static PaymentId Create(DateTimeOffset at, ReadOnlySpan<byte> random)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(random.Length, 10);
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, at.ToUnixTimeMilliseconds() << 16);
        random.CopyTo(bytes[6..]);

        var rest = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        Span<char> text = stackalloc char[TextLength];
        for (var i = TextLength - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(rest & 31)];
            rest >>= 5;
        }

        return new PaymentId(new string(text));
    }

    public static bool TryParse(string? text, out PaymentId id)
    {
        var wellFormed = text is { Length: TextLength } && text.All(c => Alphabet.Contains(c, StringComparison.Ordinal));
        id = wellFormed ? new PaymentId(text!) : default;
        return wellFormed;
    }

    /// <summary>Reads the same from UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out PaymentId id)
    {
        var wellFormed = utf8.Length == TextLength && !utf8.ContainsAnyExcept(AlphabetBytes);
        id = wellFormed ? new PaymentId(Encoding.ASCII.GetString(utf8)) : default;
        return wellFormed;
    }

    public override string ToString() => Value;
}
