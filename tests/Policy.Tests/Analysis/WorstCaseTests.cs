using SmartProxy.Policy.Analysis;
using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Analysis;

/// <summary>Worst cases by hand: payment, day, week, month, total of an owner.</summary>
public sealed class WorstCaseTests
{
    private const string Merchants = """
        "merchants": { "exa": { "hosts": "api.exa.ai", "category": "search" }, "papers": { "hosts": "*.papers.example", "category": "data", "limits": { "day": "3.00" } } },
        "groups": { "lab": { "limits": { "day": "7.00" } } },
        """;

    public static TheoryData<string, string, string, string, string> Cases => new()
    {
        { "nothing allowed", """ "me": { "limits": { "day": "5.00" } } """, "", "agent:me", "0.00 | 0.00 | 0.00 | 0.00 | 0.00" },
        { "no limit", """ "me": { "allow": ["exa"] } """, "", "agent:me", "no limit | no limit | no limit | no limit | no limit" },
        { "a day's limit is a payment's", """ "me": { "allow": ["exa"], "limits": { "day": "5.00" } } """, "", "agent:me", "5.00 | 5.00 | 35.00 | 155.00 | no limit" },
        { "a total holds everywhere", """ "me": { "allow": ["exa"], "limits": { "payment": "0.10", "day": "5.00", "total": "20.00" } } """, "", "agent:me", "0.10 | 5.00 | 20.00 | 20.00 | 20.00" },
        { "a payment of zero pays nothing", """ "me": { "allow": ["exa"], "limits": { "payment": "0", "day": "5.00" } } """, "", "agent:me", "0.00 | 0.00 | 0.00 | 0.00 | 0.00" },
        { "a month touches six weeks", """ "me": { "allow": ["exa"], "limits": { "week": "5.00" } } """, "", "agent:me", "5.00 | 5.00 | 5.00 | 30.00 | no limit" },
        { "or five, where days hold the short ones", """ "me": { "allow": ["exa"], "limits": { "day": "1.00", "week": "6.00" } } """, "", "agent:me", "1.00 | 1.00 | 6.00 | 28.00 | no limit" },
        { "a week lies in two months", """ "me": { "allow": ["exa"], "limits": { "month": "5.00" } } """, "", "agent:me", "5.00 | 5.00 | 10.00 | 5.00 | no limit" },
        { "rolling hours", """ "me": { "allow": ["exa"], "limits": { "1h": "1.00" } } """, "", "agent:me", "1.00 | 24.00 | 168.00 | 744.00 | no limit" },
        { "rolling hours under a day's limit", """ "me": { "allow": ["exa"], "limits": { "1h": "1.00", "day": "5.00" } } """, "", "agent:me", "1.00 | 5.00 | 35.00 | 155.00 | no limit" },
        { "a day of 24 hours that moves", """ "me": { "allow": ["exa"], "limits": { "24h": "1.00", "week": "6.00" } } """, "", "agent:me", "1.00 | 1.00 | 6.00 | 28.00 | no limit" },
        { "thirty days in a month of 31", """ "me": { "allow": ["exa"], "limits": { "30d": "10.00" } } """, "", "agent:me", "10.00 | 10.00 | 10.00 | 20.00 | no limit" },
        { "a rolling length that fits nothing", """ "me": { "allow": ["exa"], "limits": { "7h": "1.00", "day": "5.00" } } """, "", "agent:me", "1.00 | 4.00 | 24.00 | 107.00 | no limit" },
        { "a rolling length beside a day's limit", """ "me": { "allow": ["exa"], "limits": { "20h": "1.00", "day": "1.00" } } """, "", "agent:me", "1.00 | 1.00 | 7.00 | 31.00 | no limit" },
        { "where no timetable is found, a bound", """ "me": { "allow": ["exa"], "limits": { "36h": "1.00", "day": "0.80" } } """, "", "agent:me", "0.80 | 0.80 | at most 5.00 | at most 21.00 | no limit" },
        { "narrower limits add up", """ "me": { "allow": ["exa", "papers"], "limits": { "day": "9.00", "each": { "merchant": { "day": "2.00" } } } } """, "", "agent:me", "2.00 | 4.00 | 28.00 | 124.00 | no limit" },
        { "all unknown hosts are one", """ "me": { "allow": ["*.x.example", "*.y.example"], "limits": { "each": { "merchant": { "day": "2.00" } } } } """, "", "agent:me", "2.00 | 2.00 | 14.00 | 62.00 | no limit" },
        { "a merchant's limit holds too", """ "me": { "allow": ["papers"], "limits": { "day": "9.00" } } """, "", "agent:me", "3.00 | 3.00 | 21.00 | 93.00 | no limit" },
        { "a denied host adds nothing", """ "me": { "allow": ["exa", "papers"], "deny": ["category:data"], "limits": { "each": { "merchant": { "day": "2.00" } } } } """, "", "agent:me", "2.00 | 2.00 | 14.00 | 62.00 | no limit" },
        { "an agent in a group", """ "a": { "group": "lab", "allow": ["exa"], "limits": { "day": "9.00" } } """, "", "agent:a", "7.00 | 7.00 | 49.00 | 217.00 | no limit" },
        { "a group of few", """ "a": { "group": "lab", "allow": ["exa"], "limits": { "day": "2.00" } }, "b": { "group": "lab", "allow": ["exa"], "limits": { "day": "2.00" } } """, "", "group:lab", "2.00 | 4.00 | 28.00 | 124.00 | no limit" },
        { "a group of endlessly many", """ "r-*": { "group": "lab", "allow": ["exa"], "limits": { "day": "2.00" } } """, "", "group:lab", "2.00 | 7.00 | 49.00 | 217.00 | no limit" },
        { "one of endlessly many", """ "r-*": { "group": "lab", "allow": ["exa"], "limits": { "day": "2.00" } } """, "", "agent:r-*", "2.00 | 2.00 | 14.00 | 62.00 | no limit" },
        { "endlessly many have no limit of their own", """ "r-*": { "allow": ["exa"], "limits": { "total": "2.00" } } """, "", "organization", "2.00 | no limit | no limit | no limit | no limit" },
        { "a merchant is paid by everyone", """ "a": { "allow": ["exa"], "limits": { "day": "1.00" } }, "b": { "allow": ["*"], "limits": { "day": "3.00" } } """, "", "merchant:exa", "3.00 | 4.00 | 28.00 | 124.00 | no limit" },
        { "two agents at two merchants", """ "a": { "allow": ["exa", "papers"], "limits": { "day": "4.00" } }, "b": { "allow": ["papers"], "limits": { "day": "4.00" } } """, "", "organization", "4.00 | 7.00 | 49.00 | 217.00 | no limit" },
        { "a number of payments", """ "me": { "allow": ["exa"], "limits": { "payment": "0.10", "payments": { "day": 30 } } } """, "", "agent:me", "0.10 | 3.00 | 21.00 | 93.00 | no limit" },
        { "a number of payments for ever", """ "me": { "allow": ["exa"], "limits": { "payment": "0.10", "day": "5.00", "payments": { "total": 7 } } } """, "", "agent:me", "0.10 | 0.70 | 0.70 | 0.70 | 0.70" },
        { "payments under way at once limit no sum", """ "me": { "allow": ["exa"], "limits": { "day": "5.00", "payments": { "concurrent": 1 } } } """, "", "agent:me", "5.00 | 5.00 | 35.00 | 155.00 | no limit" },
        { "a number by a rolling minute", """ "me": { "allow": ["exa"], "limits": { "payment": "0.10", "day": "5.00", "payments": { "1m": 3 } } } """, "", "agent:me", "0.10 | 5.00 | 35.00 | 155.00 | no limit" },
        { "a part of a merchant", """ "me": { "allow": ["exa POST /search*"], "limits": { "day": "9.00", "in": { "exa POST /search": { "day": "1.00" }, "exa": { "day": "2.00" } } } } """, "", "agent:me", "2.00 | 2.00 | 14.00 | 62.00 | no limit" },
        { "what is denied of a merchant leaves the rest", """ "me": { "allow": ["exa"], "deny": ["exa * /buy*"], "limits": { "in": { "exa * /buy*": { "day": "1.00" }, "exa": { "day": "2.00" } } } } """, "", "agent:me", "2.00 | 2.00 | 14.00 | 62.00 | no limit" },
        { "a network and a token", """ "me": { "allow": ["exa"], "limits": { "in": { "network:base-sepolia": { "day": "2.00" }, "asset:USDC": { "day": "3.00" } } } } """, "", "agent:me", "2.00 | 2.00 | 14.00 | 62.00 | no limit" },
        { "each category", """ "me": { "allow": ["exa", "papers"], "limits": { "each": { "category": { "day": "2.00" } } } } """, "", "agent:me", "2.00 | 4.00 | 28.00 | 124.00 | no limit" },
        { "each recipient, of as many as there may be", """ "me": { "allow": ["exa"], "limits": { "each": { "recipient": { "day": "2.00" } } } } """, "", "agent:me", "2.00 | 2000.00 | 14000.00 | 62000.00 | no limit" },
        { "outside the hours nothing is added", """ "me": { "allow": ["exa"], "schedule": "sun 03:00-04:00", "limits": { "day": "2.00" } } """, "", "agent:me", "2.00 | 2.00 | 14.00 | 62.00 | no limit" },
        { "a quarter and a year", """ "me": { "allow": ["exa"], "limits": { "day": "1.00", "quarter": "40.00", "year": "90.00" } } """, "", "agent:me", "1.00 | 1.00 | 7.00 | 31.00 | no limit" },
        { "the organization holds them all", """ "a": { "allow": ["*"], "limits": { "day": "4.00" } } """, """ "organization": { "limits": { "day": "1.00", "month": "2.00" } }, """, "agent:a", "1.00 | 1.00 | 4.00 | 2.00 | no limit" },
    };

    [Theory, MemberData(nameof(Cases))]
    public void The_worst_case_is_told(string note, string agents, string more, string subject, string expected)
    {
        var analysis = PolicyAnalysis.Of(Given.Policy($$"""{ "networks": ["base-sepolia"], {{more}} {{Merchants}} "agents": { {{agents}} } }"""));

        var figures = analysis.Of(subject, WorstPeriod.Payment, WorstPeriod.Day, WorstPeriod.Week, WorstPeriod.Month, WorstPeriod.Total).Figures.Values;

        Assert.Equal($"{note}: {expected}", $"{note}: {string.Join(" | ", figures)}");
    }

    [Fact]
    public void Quarters_and_years_are_told_too()
    {
        var analysis = PolicyAnalysis.Of(Given.Policy("""{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { "day": "1.00" } }, "b": { "allow": ["*"], "limits": { "month": "2.00", "quarter": "5.00" } } } }"""));

        Assert.Equal("92.00 | 366.00", $"{analysis.Figure("agent:me", WorstPeriod.Quarter)} | {analysis.Figure("agent:me", WorstPeriod.Year)}");
        Assert.Equal("5.00 | 20.00", $"{analysis.Figure("agent:b", WorstPeriod.Quarter)} | {analysis.Figure("agent:b", WorstPeriod.Year)}");
    }

    [Fact]
    public void A_month_with_a_clock_set_back_has_an_hour_more()
    {
        var analysis = PolicyAnalysis.Of(Given.Policy("""
            { "networks": ["base-sepolia"], "timeZone": "Europe/Berlin", "organization": { "limits": { "year": "1000000" } }, "agents": { "me": { "allow": ["*"], "limits": { "1h": "1.00" } } } }
            """.Replace("\"year\"", "\"month\"", StringComparison.Ordinal)));

        Assert.Equal("25.00 | 745.00", $"{analysis.Figure("agent:me", WorstPeriod.Day)} | {analysis.Figure("agent:me", WorstPeriod.Month)}");
    }
}
