using System.Buffers;

namespace SmartProxy.Protocol.Json;

/// <summary>Why a base64 text was refused.</summary>
internal enum Base64Fault
{
    None,

    /// <summary>Empty, a foreign character, an impossible length, wrong padding, or set bits behind the last byte.</summary>
    Invalid,

    /// <summary>More than <see cref="StrictBase64.MaxBytes"/> bytes.</summary>
    TooLarge,
}

/// <summary>
/// Base64 (RFC 4648 section 4) read so that one value has one spelling: standard alphabet only, nothing inside but the alphabet, no set bits
/// behind the last byte. Optional white space at both ends and missing padding are accepted, as the reference decoder of x402 does.
/// </summary>
internal static class StrictBase64
{
    /// <summary>The most that is decoded, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int MaxCharacters = (MaxBytes + 2) / 3 * 4;
    private const string Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private static readonly SearchValues<char> Alphabet = SearchValues.Create(Digits);

    public static Base64Fault TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        text = text.Trim(" \t");
        if (text.Length > MaxCharacters)
        {
            return Base64Fault.TooLarge;
        }

        var digits = text.TrimEnd('=');
        var padding = text.Length - digits.Length;
        var wellFormed = digits.Length > 0
            && digits.Length % 4 != 1
            && (padding == 0 || (padding <= 2 && text.Length % 4 == 0))
            && !digits.ContainsAnyExcept(Alphabet)
            && UnusedBits(digits) == 0;
        if (!wellFormed)
        {
            return Base64Fault.Invalid;
        }

        var decoded = Decode(digits);
        if (decoded.Length > MaxBytes)
        {
            return Base64Fault.TooLarge;
        }

        bytes = decoded;
        return Base64Fault.None;
    }

    // Of the last digit's six bits, two digits use the upper two and three digits the upper four.
    private static int UnusedBits(ReadOnlySpan<char> digits) => (digits.Length % 4) switch
    {
        2 => Digits.IndexOf(digits[^1], StringComparison.Ordinal) & 0b1111,
        3 => Digits.IndexOf(digits[^1], StringComparison.Ordinal) & 0b0011,
        _ => 0,
    };

    private static byte[] Decode(ReadOnlySpan<char> digits)
    {
        var rented = ArrayPool<char>.Shared.Rent(digits.Length + 2);
        try
        {
            digits.CopyTo(rented);
            "==".CopyTo(rented.AsSpan(digits.Length));
            return Convert.FromBase64CharArray(rented, 0, (digits.Length + 3) / 4 * 4);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }
}
