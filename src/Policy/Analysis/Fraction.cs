using System.Numerics;

namespace SmartProxy.Policy.Analysis;

/// <summary>An exact quotient; the denominator is positive.</summary>
internal readonly record struct Fraction(BigInteger Numerator, BigInteger Denominator) : IComparable<Fraction>
{
    public static readonly Fraction Zero = new(BigInteger.Zero, BigInteger.One);

    public static implicit operator Fraction(BigInteger whole) => new(whole, BigInteger.One);

    public bool IsZero => Numerator.IsZero;

    public bool IsWhole => (Numerator % Denominator).IsZero;

    /// <summary>Rounded down; fractions here are never negative.</summary>
    public BigInteger Floor => Numerator / Denominator;

    public BigInteger Ceiling => (Numerator + Denominator - 1) / Denominator;

    public static Fraction operator +(Fraction a, Fraction b) =>
        a.Denominator == b.Denominator ? new(a.Numerator + b.Numerator, a.Denominator) : Reduce(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    public static Fraction operator *(Fraction a, Fraction b) => Reduce(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Fraction operator /(Fraction a, BigInteger by) => Reduce(a.Numerator, a.Denominator * by);

    public static bool operator <=(Fraction a, Fraction b) => a.CompareTo(b) <= 0;

    public static bool operator >=(Fraction a, Fraction b) => a.CompareTo(b) >= 0;

    public static bool operator <(Fraction a, Fraction b) => a.CompareTo(b) < 0;

    public static bool operator >(Fraction a, Fraction b) => a.CompareTo(b) > 0;

    public static Fraction Min(Fraction a, Fraction b) => a <= b ? a : b;

    public static Fraction Max(Fraction a, Fraction b) => a >= b ? a : b;

    public int CompareTo(Fraction other) => (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    private static Fraction Reduce(BigInteger numerator, BigInteger denominator)
    {
        var common = BigInteger.GreatestCommonDivisor(numerator, denominator);
        return common.IsOne ? new Fraction(numerator, denominator) : new Fraction(numerator / common, denominator / common);
    }
}
