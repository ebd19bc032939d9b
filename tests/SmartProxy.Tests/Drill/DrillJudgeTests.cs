using SmartProxy.Drill;
using SmartProxy.Policy.Analysis;
using SmartProxy.Protocol;
using SmartProxy.Tests.Payments;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Drill;

/// <summary>A judge that never objects would find every policy good.</summary>
public sealed class DrillJudgeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    private static readonly SpendScope Mine = new("agent=me", facts => facts.Agent.Value == "me");

    [Theory]
    [InlineData("total", 2, 0)]
    [InlineData("total", 3, 1)]
    [InlineData("day", 3, 1)]
    [InlineData("hour", 3, 1)]
    [InlineData("count", 3, 1)]
    [InlineData("payee", 3, 0)]
    public void A_sum_over_its_limit_is_found_in_every_window(string window, int payments, int passed)
    {
        var line = window switch
        {
            "day" => Line(new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc), new Usd(20_000)),
            "hour" => Line(new SpendWindow.Rolling(TimeSpan.FromHours(1)), new Usd(20_000)),
            "count" => Line(new SpendWindow.Total(), new Quantity(SpendMeasure.Payments, 2)),
            "payee" => Line(new SpendWindow.Total(), new Quantity(SpendMeasure.Recipients, 1)),
            _ => Line(new SpendWindow.Total(), new Usd(20_000)),
        };

        Assert.Equal(passed, DrillJudge.Passed([.. Enumerable.Range(0, payments).Select(number => Signed(number, Noon, line))]).Count());
    }

    [Fact]
    public void What_lies_in_another_window_or_is_of_somebody_else_is_not_counted()
    {
        var day = Line(new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc), new Usd(10_000));
        var hour = Line(new SpendWindow.Rolling(TimeSpan.FromHours(1)), new Usd(10_000));

        Assert.Empty(DrillJudge.Passed([Signed(1, Noon, day), Signed(2, Noon.AddDays(1), day)]));
        Assert.Empty(DrillJudge.Passed([Signed(1, Noon, hour), Signed(2, Noon.AddHours(1), hour)]));
        Assert.Empty(DrillJudge.Passed([Signed(1, Noon, day), Signed(2, Noon, day, "other")]));
    }

    [Fact]
    public void A_passed_limit_and_a_loss_above_the_worst_case_are_told_as_passed()
    {
        var policy = FlowKit.Policy(FlowKit.OfOneAgent(""" "day": "0.01" """));
        var place = PolicyAnalysis.Of(policy).Places.First();
        var result = new AgentResult("me", false, new Dictionary<PayablePlace, PlaceResult> { [place] = new() { Taken = new Usd(20_000), Payments = 2 } }, 2, 2, 1, ["agents.me.limits.day: 0.02 of 0.01 USD"]);
        var report = new DrillReport(policy, [new AgentFinding(result, null, new WorstFigure(new Usd(10_000), IsExact: true))], [], Noon);

        Assert.Equal(2, report.Passed.Count);
        using var text = new StringWriter();
        report.WriteText(text);
        Assert.Contains("2 attacks passed a limit", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("PASSED: agent me: 0.02 USD were taken in a day, and the policy's worst case is 0.01", text.ToString(), StringComparison.Ordinal);
    }

    private static BudgetLine Line(SpendWindow window, Quantity limit) => new("agents.me.limits.x", BudgetOwner.Agent(new AgentId("me")), Mine, window, limit);

    private static BudgetLine Line(SpendWindow window, Usd limit) => new("agents.me.limits.x", BudgetOwner.Agent(new AgentId("me")), Mine, window, limit);

    private static SignedPayment Signed(int number, DateTimeOffset at, BudgetLine line, string agent = "me")
    {
        var request = Purchases.Request(number, at, agent, lines: line);
        return new SignedPayment(request, at, new TransferAuthorization(request.Terms, default), "0x");
    }
}
