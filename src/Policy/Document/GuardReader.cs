using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>Reads what is asked beside the limits: approval, schedule, loop and breaker.</summary>
internal sealed class GuardReader(TimeZoneInfo zone, ProblemList problems)
{
    private static readonly TimeSpan DefaultExpires = TimeSpan.FromHours(1);

    public Located<ApprovalRule>? ReadApproval(ObjectReader owner)
    {
        if (ObjectReader.Of(owner.Find("approval"), PolicyModel.Approval, problems) is not { } approval)
        {
            return null;
        }

        var above = approval.One("above", Leaves.Dollars);
        var (newRecipient, newHost, drift) = (Says("newRecipient"), Says("newHost"), Says("priceDrift"));
        var (hold, expires) = (approval.One("hold", Leaves.Hold)?.Value ?? TimeSpan.Zero, approval.One("expires", Leaves.Expires)?.Value ?? DefaultExpires);
        if (approval.Find("above") is null && !newRecipient && !newHost && !drift)
        {
            problems.Add(approval.At, "expected a reason to ask a person (`above`, `newRecipient`, `newHost` or `priceDrift`), found none: add one, or remove `approval`");
        }

        if (hold > expires)
        {
            problems.Add(approval.Find("hold")!.At, "expected a `hold` no longer than `expires`: the question would be closed while the request waits");
        }

        return new Located<ApprovalRule>(new ApprovalRule(approval.At.Path, above?.Value, newRecipient, newHost, drift, hold, expires), approval.At);

        bool Says(string key) => approval.One(key, Leaves.Flag)?.Value ?? false;
    }

    /// <summary>Text, a list of them, or an object with a time zone of its own.</summary>
    public ScheduleRule? ReadSchedule(ObjectReader owner)
    {
        if (owner.Find("schedule") is not ObjectNode node)
        {
            return owner.Many("schedule", Leaves.Span) is { } spans ? Rule(owner.Find("schedule")!.At, spans, zone) : null;
        }

        var schedule = ObjectReader.Of(node, PolicyModel.Schedule, problems)!;
        var own = schedule.One("timeZone", Leaves.Zone)?.Value;
        return schedule.Many("hours", Leaves.Span) is { } hours ? Rule(node.At, hours, own ?? zone) : null;
    }

    public LoopGuard? ReadLoop(ObjectReader owner)
    {
        if (ObjectReader.Of(owner.Find("loop"), PolicyModel.Loop, problems) is not { } loop)
        {
            return null;
        }

        var (times, within) = (loop.One("times", Leaves.Times), loop.One("within", Leaves.Within));
        return times is { } most && within is { } time ? new LoopGuard(loop.At.Path, most.Value, time.Value) : null;
    }

    public BreakerRule? ReadBreaker(ObjectReader owner)
    {
        if (ObjectReader.Of(owner.Find("breaker"), PolicyModel.Breaker, problems) is not { } breaker)
        {
            return null;
        }

        var (failures, pause) = (breaker.One("failures", Leaves.Failures), breaker.One("pause", Leaves.Pause));
        return failures is { } most && pause is { } time ? new BreakerRule(breaker.At.Path, most.Value, time.Value) : null;
    }

    private static ScheduleRule Rule(Place at, IReadOnlyList<Located<ScheduleSpan>> spans, TimeZoneInfo zone) => new(at.Path, [.. spans.Select(s => s.Value)], zone);
}
