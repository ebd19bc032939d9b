using System.Globalization;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>The value of <c>Smart-Proxy-Paid</c>.</summary>
internal static class PaidSummary
{
    /// <summary><c>0.01; day-left=0.99</c>: what was paid, and what the tightest line of each calendar or rolling window has left.</summary>
    public static string Of(Reservation reservation)
    {
        var tightest = reservation.Usage
            .Where(usage => usage.Line.Limit.Measure is SpendMeasure.Dollars)
            .GroupBy(usage => WindowWord(usage.Line.Window))
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"; {group.Key}-left={new Usd(group.Min(usage => usage.Remaining.Units))}"));
        return reservation.Value + string.Concat(tightest);
    }

    private static string WindowWord(SpendWindow window) => window switch
    {
        SpendWindow.Total => "total",
        SpendWindow.UnderWay => "concurrent",
        SpendWindow.Calendar calendar => Words.Of(calendar.Period),
        SpendWindow.Rolling rolling => string.Create(CultureInfo.InvariantCulture, $"{(long)rolling.Length.TotalSeconds}s"),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
