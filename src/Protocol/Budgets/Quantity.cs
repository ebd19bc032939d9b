using System.Globalization;

namespace SmartProxy.Protocol;

/// <summary>What a limit counts.</summary>
public enum SpendMeasure
{
    /// <summary>Dollar value, in micro-dollars.</summary>
    Dollars,

    /// <summary>Payments, each as one.</summary>
    Payments,

    /// <summary>Different recipients, each as one however often it is paid.</summary>
    Recipients,
}

/// <summary>So much of what a limit counts. Quantities of different measures are never compared.</summary>
/// <param name="Measure">What is counted.</param>
/// <param name="Units">Micro-dollars, payments or recipients.</param>
public readonly record struct Quantity(SpendMeasure Measure, UInt128 Units)
{
    public static implicit operator Quantity(Usd value) => new(SpendMeasure.Dollars, value.Micros);

    /// <summary>What is left of this limit after <paramref name="used"/>: saturates at zero, so lowered limits never wrap.</summary>
    public Quantity Less(Quantity used) => this with { Units = used.Units >= Units ? 0 : Units - used.Units };

    /// <summary>The sum; saturates at the largest value.</summary>
    public Quantity Plus(Quantity other) => this with { Units = other.Units > UInt128.MaxValue - Units ? UInt128.MaxValue : Units + other.Units };

    /// <summary><c>5.00</c> for dollars, <c>30</c> for counts.</summary>
    public override string ToString() => Measure switch
    {
        SpendMeasure.Dollars => new Usd(Units).ToString(),
        SpendMeasure.Payments or SpendMeasure.Recipients => Units.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary><c>5.00 USD</c>, <c>30 payments</c>, <c>1 recipient</c>.</summary>
    public string ToWords() => Measure switch
    {
        SpendMeasure.Dollars => $"{this} USD",
        SpendMeasure.Payments => Units == 1 ? "1 payment" : $"{this} payments",
        SpendMeasure.Recipients => Units == 1 ? "1 recipient" : $"{this} recipients",
    };
}
