using System.Globalization;
using SmartProxy.Policy.Tests.Fakes;

namespace SmartProxy.Policy.Tests.Rules;

/// <summary>When payments are allowed, by the wall clock of Berlin unless the schedule names another; instants are in UTC.</summary>
public sealed class ScheduleTests
{
    private const string Office = "\"mon-fri 08:00-20:00\"";
    private const string OfficeAndSaturday = "[\"mon-fri 08:00-20:00\", \"sat 10:00-14:00\"]";
    private const string Nights = "\"daily 22:00-06:00\"";
    private const string NewYork = "{ \"hours\": \"mon-fri 09:00-17:00\", \"timeZone\": \"America/New_York\" }";
    private const string Havana = "{ \"hours\": [\"sun 00:00-02:00\"], \"timeZone\": \"America/Havana\" }";

    public static TheoryData<string, string, string, string> Ordinary => new()
    {
        { "a second before it opens", Office, "2026-11-25T06:59:59Z", "opens 2026-11-25T07:00" },
        { "as it opens", Office, "2026-11-25T07:00:00Z", "open" },
        { "a second before it closes", Office, "2026-11-25T18:59:59Z", "open" },
        { "the end is not part of it", Office, "2026-11-25T19:00:00Z", "opens 2026-11-26T07:00" },
        { "a tenth of a second after the end", Office, "2026-11-25T19:00:00.1Z", "opens 2026-11-26T07:00" },
        { "Friday evening waits for Monday", Office, "2026-11-27T19:00:00Z", "opens 2026-11-30T07:00" },
        { "Saturday waits for Monday", Office, "2026-11-28T10:00:00Z", "opens 2026-11-30T07:00" },
        { "Sunday night is Monday in UTC no sooner than in Berlin", Office, "2026-11-29T22:30:00Z", "opens 2026-11-30T07:00" },
        { "summer has another offset", Office, "2026-07-01T06:00:00Z", "open" },
        { "summer evening", Office, "2026-07-01T18:00:00Z", "opens 2026-07-02T06:00" },
        { "the nearest of two spans", OfficeAndSaturday, "2026-11-27T19:00:00Z", "opens 2026-11-28T09:00" },
        { "in the second span", OfficeAndSaturday, "2026-11-28T09:00:00Z", "open" },
        { "after the second span", OfficeAndSaturday, "2026-11-28T13:00:00Z", "opens 2026-11-30T07:00" },
        { "two days of a list", "\"sat,sun 10:00-14:00\"", "2026-11-25T12:00:00Z", "opens 2026-11-28T09:00" },
        { "the last day of a list", "\"sat,sun 10:00-14:00\"", "2026-11-29T12:59:59Z", "open" },
        { "a range over the week's end, inside", "\"fri-mon 10:00-11:00\"", "2026-11-29T09:30:00Z", "open" },
        { "a range over the week's end, outside", "\"fri-mon 10:00-11:00\"", "2026-12-01T09:30:00Z", "opens 2026-12-04T09:00" },
        { "a range and a day", "\"mon-tue,fri 10:00-11:00\"", "2026-11-25T12:00:00Z", "opens 2026-11-27T09:00" },
        { "a single minute", "\"wed 13:00-13:01\"", "2026-11-25T12:00:59Z", "open" },
        { "a single minute, over", "\"wed 13:00-13:01\"", "2026-11-25T12:01:00Z", "opens 2026-12-02T12:00" },
        { "the whole day", "\"daily 00:00-24:00\"", "2026-11-25T22:59:59Z", "open" },
        { "the whole day, over midnight", "\"daily 00:00-24:00\"", "2026-11-25T23:00:00Z", "open" },
        { "the whole of one day", "\"mon 00:00-24:00\"", "2026-11-30T22:59:59Z", "open" },
        { "24:00 ends the day", "\"mon 00:00-24:00\"", "2026-11-30T23:00:00Z", "opens 2026-12-06T23:00" },
        { "to 24:00", "\"sat 20:00-24:00\"", "2026-11-28T22:59:59Z", "open" },
        { "24:00 is not the next day", "\"sat 20:00-24:00\"", "2026-11-28T23:00:00Z", "opens 2026-12-05T19:00" },
        { "to 00:00 means the same", "\"daily 22:00-00:00\"", "2026-11-25T22:59:59Z", "open" },
        { "to 00:00, over", "\"daily 22:00-00:00\"", "2026-11-25T23:00:00Z", "opens 2026-11-26T21:00" },
    };

    public static TheoryData<string, string, string, string> OverMidnight => new()
    {
        { "before the night", Nights, "2026-11-25T20:59:59Z", "opens 2026-11-25T21:00" },
        { "as the night begins", Nights, "2026-11-25T21:00:00Z", "open" },
        { "midnight", Nights, "2026-11-25T23:00:00Z", "open" },
        { "before the morning", Nights, "2026-11-26T04:59:59Z", "open" },
        { "the morning", Nights, "2026-11-26T05:00:00Z", "opens 2026-11-26T21:00" },
        { "Saturday morning belongs to Friday", "\"fri 22:00-06:00\"", "2026-11-28T04:00:00Z", "open" },
        { "Friday morning belongs to Thursday", "\"fri 22:00-06:00\"", "2026-11-27T04:00:00Z", "opens 2026-11-27T21:00" },
        { "Saturday night is not Friday's", "\"fri 22:00-06:00\"", "2026-11-28T21:30:00Z", "opens 2026-12-04T21:00" },
        { "Monday morning belongs to Sunday", "\"sun 22:00-06:00\"", "2026-11-30T04:00:00Z", "open" },
        { "Sunday morning belongs to Saturday", "\"sun 22:00-06:00\"", "2026-11-29T04:00:00Z", "opens 2026-11-29T21:00" },
    };

    public static TheoryData<string, string, string, string> Zones => new()
    {
        { "New York, before", NewYork, "2026-11-25T13:59:59Z", "opens 2026-11-25T14:00" },
        { "New York, as it opens", NewYork, "2026-11-25T14:00:00Z", "open" },
        { "New York, the end", NewYork, "2026-11-25T22:00:00Z", "opens 2026-11-26T14:00" },
        { "Wednesday there is Thursday here", "{ \"hours\": \"wed 20:00-24:00\", \"timeZone\": \"America/New_York\" }", "2026-11-26T03:00:00Z", "open" },
        { "half an hour off", "{ \"hours\": \"daily 09:00-10:00\", \"timeZone\": \"Asia/Kolkata\" }", "2026-11-25T03:30:00Z", "open" },
        { "half an hour off, before", "{ \"hours\": \"daily 09:00-10:00\", \"timeZone\": \"Asia/Kolkata\" }", "2026-11-25T03:29:59Z", "opens 2026-11-25T03:30" },
        { "ahead by more than half a day", "{ \"hours\": \"thu 00:00-01:00\", \"timeZone\": \"Pacific/Kiritimati\" }", "2026-11-25T10:00:00Z", "open" },
    };

    /// <summary>On 29 March 2026 the hour from 02:00 to 03:00 does not exist in Berlin; 01:00 UTC is 03:00.</summary>
    public static TheoryData<string, string, string, string> SpringGap => new()
    {
        { "before the gap", "\"sun 01:00-02:00\"", "2026-03-29T00:30:00Z", "open" },
        { "a span that ends where the gap begins", "\"sun 01:00-02:00\"", "2026-03-29T01:00:00Z", "opens 2026-04-04T23:00" },
        { "a span that is skipped, the day before", "\"sun 02:00-03:00\"", "2026-03-28T12:00:00Z", "opens 2026-04-05T00:00" },
        { "a span that is skipped, a second before", "\"sun 02:00-03:00\"", "2026-03-29T00:59:59Z", "opens 2026-04-05T00:00" },
        { "a span that is skipped, after", "\"sun 02:00-03:00\"", "2026-03-29T01:00:00Z", "opens 2026-04-05T00:00" },
        { "a span inside the gap", "\"sun 02:15-02:45\"", "2026-03-29T00:00:00Z", "opens 2026-04-05T00:15" },
        { "a span that begins in the gap opens after it", "\"sun 02:30-04:00\"", "2026-03-29T00:59:59Z", "opens 2026-03-29T01:00" },
        { "a span that begins in the gap, open", "\"sun 02:30-04:00\"", "2026-03-29T01:00:00Z", "open" },
        { "a span that begins in the gap, last second", "\"sun 02:30-04:00\"", "2026-03-29T01:59:59Z", "open" },
        { "a span that begins in the gap, over", "\"sun 02:30-04:00\"", "2026-03-29T02:00:00Z", "opens 2026-04-05T00:30" },
        { "a span over midnight that ends in the gap, open", "\"sat 22:00-02:30\"", "2026-03-29T00:59:59Z", "open" },
        { "a span over midnight that ends in the gap, over", "\"sat 22:00-02:30\"", "2026-03-29T01:00:00Z", "opens 2026-04-04T20:00" },
        { "a short night", Nights, "2026-03-29T03:59:59Z", "open" },
        { "after a short night", Nights, "2026-03-29T04:00:00Z", "opens 2026-03-29T20:00" },
        { "a gap at midnight opens after it", Havana, "2026-03-08T04:59:59Z", "opens 2026-03-08T05:00" },
        { "a gap at midnight, open", Havana, "2026-03-08T05:59:59Z", "open" },
        { "a gap at midnight, over", Havana, "2026-03-08T06:00:00Z", "opens 2026-03-15T04:00" },
    };

    /// <summary>On 25 October 2026 the hour from 02:00 to 03:00 comes twice in Berlin: at 00:00 and at 01:00 UTC.</summary>
    public static TheoryData<string, string, string, string> AutumnDoubling => new()
    {
        { "before the first", "\"sun 02:00-03:00\"", "2026-10-24T23:59:59Z", "opens 2026-10-25T00:00" },
        { "the first", "\"sun 02:00-03:00\"", "2026-10-25T00:00:00Z", "open" },
        { "the end of the first", "\"sun 02:00-03:00\"", "2026-10-25T00:59:59Z", "open" },
        { "the second", "\"sun 02:00-03:00\"", "2026-10-25T01:00:00Z", "open" },
        { "the end of the second", "\"sun 02:00-03:00\"", "2026-10-25T01:59:59Z", "open" },
        { "after the second", "\"sun 02:00-03:00\"", "2026-10-25T02:00:00Z", "opens 2026-11-01T01:00" },
        { "closed in the first, open again as the clock goes back", "\"sun 01:00-02:30\"", "2026-10-25T00:30:00Z", "opens 2026-10-25T01:00" },
        { "open again", "\"sun 01:00-02:30\"", "2026-10-25T01:00:00Z", "open" },
        { "closed for good", "\"sun 01:00-02:30\"", "2026-10-25T01:30:00Z", "opens 2026-11-01T00:00" },
        { "inside, the first time", "\"sun 02:30-02:45\"", "2026-10-25T00:30:00Z", "open" },
        { "inside, between", "\"sun 02:30-02:45\"", "2026-10-25T00:45:00Z", "opens 2026-10-25T01:30" },
        { "inside, the second time", "\"sun 02:30-02:45\"", "2026-10-25T01:30:00Z", "open" },
        { "inside, over", "\"sun 02:30-02:45\"", "2026-10-25T01:45:00Z", "opens 2026-11-01T01:30" },
        { "an hour that comes after both", "\"sun 03:00-04:00\"", "2026-10-25T01:59:59Z", "opens 2026-10-25T02:00" },
        { "a long night", Nights, "2026-10-25T04:59:59Z", "open" },
        { "after a long night", Nights, "2026-10-25T05:00:00Z", "opens 2026-10-25T21:00" },
    };

    [Theory, MemberData(nameof(Ordinary)), MemberData(nameof(OverMidnight)), MemberData(nameof(Zones)), MemberData(nameof(SpringGap)), MemberData(nameof(AutumnDoubling))]
    public void Payments_are_allowed_in_the_hours_of_the_schedule(string note, string schedule, string at, string expected)
    {
        Assert.NotEmpty(note);
        var policy = Given.Policy($$"""{ "networks": ["base-sepolia"], "timeZone": "Europe/Berlin", "agents": { "me": { "allow": ["*"], "schedule": {{schedule}} } } }""");

        var verdict = new PolicyEvaluator(policy).Judge(Given.Question(at: DateTimeOffset.Parse(at, CultureInfo.InvariantCulture)));

        Assert.Equal(expected, verdict switch
        {
            Verdict.Denied { Reason: DenyReason.OutsideSchedule, Rule: "agents.me.schedule", OpensAt: { } opens } => string.Create(CultureInfo.InvariantCulture, $"opens {opens.UtcDateTime:yyyy-MM-ddTHH:mm}"),
            Verdict.Allowed => "open",
            _ => Given.Words(verdict),
        });
    }

    [Fact]
    public void An_opening_is_the_first_open_instant_minute_by_minute_through_both_clock_changes()
    {
        foreach (var (schedule, from) in new[] { ("\"sun 01:30-02:30\"", "2026-03-27"), ("\"daily 02:10-02:50\"", "2026-03-27"), ("[\"sat 23:00-02:30\", \"sun 02:45-03:15\"]", "2026-10-23"), ("\"daily 02:10-02:50\"", "2026-10-23") })
        {
            var policy = Given.Policy($$"""{ "networks": ["base-sepolia"], "timeZone": "Europe/Berlin", "agents": { "me": { "allow": ["*"], "schedule": {{schedule}} } } }""");
            var rule = policy.Agents.Rules[0].Schedule!;
            var start = DateTimeOffset.Parse(from + "T00:00:00Z", CultureInfo.InvariantCulture);
            DateTimeOffset? next = null;
            for (var at = start.AddDays(10); at >= start; at = at.AddMinutes(-1))
            {
                next = rule.IsOpen(at) ? at : next;
                if (next is not null)
                {
                    Assert.Equal(next, rule.OpensAt(at));
                }
            }
        }
    }
}
