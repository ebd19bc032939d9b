using System.Globalization;

namespace SmartProxy.Protocol;

/// <summary>A whole number of a token's atomic units, 0 to 2^128−1. Decimals play no part here.</summary>
public readonly record struct TokenAmount(UInt128 Units) : IComparable<TokenAmount>
{
    /// <summary>Reads ASCII digits only: no sign, point, exponent, white space or leading zero.</summary>
    public static bool TryParse(string? text, out TokenAmount amount)
    {
        amount = default;
        if (text is null or "" || (text.Length > 1 && text[0] == '0') || !text.All(char.IsAsciiDigit))
        {
            return false;
        }

        var parsed = UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var units);
        amount = new TokenAmount(units);
        return parsed;
    }

    public int CompareTo(TokenAmount other) => Units.CompareTo(other.Units);

    public static bool operator <(TokenAmount left, TokenAmount right) => left.Units < right.Units;

    public static bool operator >(TokenAmount left, TokenAmount right) => left.Units > right.Units;

    public static bool operator <=(TokenAmount left, TokenAmount right) => left.Units <= right.Units;

    public static bool operator >=(TokenAmount left, TokenAmount right) => left.Units >= right.Units;

    public override string ToString() => Units.ToString(CultureInfo.InvariantCulture);
}
