using System.Globalization;
using System.Numerics;

namespace SmartProxy.Protocol.X402;

/// <summary>Amounts on the wire: atomic units of a token as decimal text, <c>0</c> or <c>[1-9][0-9]*</c>, below 2^256 (uint256 of Solidity).</summary>
internal static class AmountText
{
    private const int MaxDigits = 78;

    private static readonly BigInteger TooLarge = BigInteger.One << 256;

    /// <summary>ASCII digits only: no sign, point, exponent, white space, hex or leading zero.</summary>
    public static bool TryParse(string? text, out BigInteger amount)
    {
        amount = default;
        var wellFormed = text is { Length: > 0 and <= MaxDigits }
            && (text.Length == 1 || text[0] != '0')
            && !text.AsSpan().ContainsAnyExceptInRange('0', '9');
        if (!wellFormed)
        {
            return false;
        }

        amount = BigInteger.Parse(text!, NumberStyles.None, CultureInfo.InvariantCulture);
        return amount < TooLarge;
    }
}
