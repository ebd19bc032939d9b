using System.Globalization;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.AdminApi;

/// <summary>Reads a search from a query string: <c>?agent=me&amp;outcome=refused&amp;since=2026-01-31T00:00:00Z&amp;count=100&amp;before=ID</c>.</summary>
internal static class PaymentQueryReader
{
    /// <summary>Null with the objection in words when a parameter is unknown, repeated or not as expected.</summary>
    public static PaymentQuery? TryRead(IQueryCollection parameters, out string objection)
    {
        var query = new PaymentQuery();
        objection = "";
        foreach (var (name, values) in parameters)
        {
            var value = values.Count == 1 ? values[0] ?? "" : "";
            (PaymentQuery? Next, string Expected) read = name switch
            {
                "agent" => (AgentId.TryParse(value, out var agent) ? query with { Agent = agent } : null, $"an agent's name: {AgentId.Expected}"),
                "outcome" => (PaymentQuery.Outcomes.Contains(value) ? query with { Outcome = value } : null, "one of " + string.Join(", ", PaymentQuery.Outcomes)),
                "host" => (HostName.TryParse(value, out var host) ? query with { Host = host.Value } : null, "a host"),
                "since" => (TryReadTime(value, out var since) ? query with { Since = since } : null, "a time such as 2026-01-31T00:00:00Z"),
                "until" => (TryReadTime(value, out var until) ? query with { Until = until } : null, "a time such as 2026-01-31T00:00:00Z"),
                "before" => (PaymentId.TryParse(value, out var id) ? query with { Before = id } : null, "the `next` of the page before"),
                "count" => (TryReadCount(value, out var count) ? query with { Count = count } : null, $"a whole number from 1 to {PaymentQuery.MaxCount}"),
                _ => (null, "agent, outcome, host, since, until, before or count"),
            };
            if (read.Next is null)
            {
                objection = $"the query parameter {Printable.Line(name, 20)} should be {read.Expected}, once";
                return null;
            }

            query = read.Next;
        }

        return query;
    }

    private static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    private static bool TryReadCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= PaymentQuery.MaxCount;
}
