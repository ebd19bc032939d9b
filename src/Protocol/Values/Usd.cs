using System.Globalization;

namespace SmartProxy.Protocol;

/// <summary>US dollars as a whole number of micro-dollars (1 USD = 1,000,000). Never negative, never rounded down.</summary>
public readonly record struct Usd(UInt128 Micros) : IComparable<Usd>
{
    public const int Decimals = 6;

    private const uint MicrosPerDollar = 1_000_000;

    public static readonly Usd Zero;

    public static readonly Usd MaxValue = new(UInt128.MaxValue);

    /// <summary>Reads decimal text such as <c>0.05</c>, <c>200</c> or <c>3000.00</c>: ASCII digits, at most six after the point, at most twelve before it.</summary>
    public static bool TryParse(string? text, out Usd value)
    {
        value = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? "" : text[(point + 1)..];
        var wellFormed = whole.Length is > 0 and <= 12
            && whole.All(char.IsAsciiDigit)
            && (whole.Length == 1 || whole[0] != '0')
            && (point < 0 || fraction.Length is > 0 and <= Decimals)
            && fraction.All(char.IsAsciiDigit);
        if (!wellFormed)
        {
            return false;
        }

        var micros = UInt128.Parse(whole, NumberStyles.None, CultureInfo.InvariantCulture) * MicrosPerDollar;
        var part = fraction.Length == 0 ? 0u : uint.Parse(fraction.PadRight(Decimals, '0'), NumberStyles.None, CultureInfo.InvariantCulture);
        value = new Usd(micros + part);
        return true;
    }

    /// <summary>What is left of this limit after <paramref name="used"/>: saturates at zero, so lowered limits never wrap.</summary>
    public Usd Less(Usd used) => used.Micros >= Micros ? Zero : new Usd(Micros - used.Micros);

    /// <summary>The sum; saturates at the largest value, so that no sequence of offers can overflow a comparison.</summary>
    public Usd Plus(Usd other) => other.Micros > UInt128.MaxValue - Micros ? MaxValue : new Usd(Micros + other.Micros);

    public int CompareTo(Usd other) => Micros.CompareTo(other.Micros);

    public static bool operator <(Usd left, Usd right) => left.Micros < right.Micros;

    public static bool operator >(Usd left, Usd right) => left.Micros > right.Micros;

    public static bool operator <=(Usd left, Usd right) => left.Micros <= right.Micros;

    public static bool operator >=(Usd left, Usd right) => left.Micros >= right.Micros;

    /// <summary>Decimal text with at least two digits after the point: <c>0.05</c>, <c>1.00</c>, <c>0.000001</c>.</summary>
    public override string ToString()
    {
        var whole = (Micros / MicrosPerDollar).ToString(CultureInfo.InvariantCulture);
        var fraction = ((uint)(Micros % MicrosPerDollar)).ToString("D6", CultureInfo.InvariantCulture).TrimEnd('0').PadRight(2, '0');
        return $"{whole}.{fraction}";
    }
}
