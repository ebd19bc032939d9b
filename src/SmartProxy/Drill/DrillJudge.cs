using System.Globalization;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Drill;

/// <summary>A payment that was signed.</summary>
/// <param name="Request">What policy allowed, with every limit that it draws on.</param>
/// <param name="At">When.</param>
/// <param name="Authorization">What was signed.</param>
/// <param name="Signature">A bearer instrument.</param>
internal sealed record SignedPayment(ReserveRequest Request, DateTimeOffset At, TransferAuthorization Authorization, string Signature)
{
    public override string ToString() => $"{Request.Id} (secret)";
}

/// <summary>Adds up what was signed, apart from the books: for every limit that a payment was to draw on, over every window.</summary>
internal static class DrillJudge
{
    /// <summary>Every limit that was passed, in words; empty when all held.</summary>
    public static IEnumerable<string> Passed(IReadOnlyCollection<SignedPayment> signed)
    {
        var lines = signed.SelectMany(payment => payment.Request.Lines).DistinctBy(line => (line.Id, line.Scope.Key, line.Window, line.Limit));
        return lines.Where(line => line.Window is not SpendWindow.UnderWay).SelectMany(line => Windows(line.Window, [.. signed.Where(payment => line.Scope.Matches(payment.Request.Facts)).OrderBy(payment => payment.At)])
            .Select(window => (Line: line, Sum: Sum(line.Limit.Measure, window)))
            .Where(entry => entry.Sum > entry.Line.Limit.Units)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Line.Id}: {new Quantity(entry.Line.Limit.Measure, entry.Sum)} of {entry.Line.Limit.ToWords()}"))
            .Take(1));
    }

    private static UInt128 Sum(SpendMeasure measure, IReadOnlyCollection<SignedPayment> payments) => measure switch
    {
        SpendMeasure.Dollars => payments.Aggregate(UInt128.Zero, (sum, payment) => sum + payment.Request.Facts.Value.Micros),
        SpendMeasure.Payments => (UInt128)payments.Count,
        SpendMeasure.Recipients => (UInt128)payments.Select(payment => payment.Request.Facts.PayTo).Distinct().Count(),
    };

    private static IEnumerable<IReadOnlyCollection<SignedPayment>> Windows(SpendWindow window, List<SignedPayment> payments) => window switch
    {
        SpendWindow.Calendar calendar => payments.GroupBy(payment => calendar.Bounds(payment.At).Start).Select(group => group.ToList()),
        SpendWindow.Rolling rolling => payments.Select((last, index) => payments.Take(index + 1).Where(payment => payment.At > last.At - rolling.Length).ToList()),
        _ => [payments],
    };
}
