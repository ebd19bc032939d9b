using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>Collects what each rule said. All words but those of a refusal were made with the policy.</summary>
internal readonly struct Trace()
{
    private const int UsualSteps = 16;

    public List<TraceStep> Steps { get; } = new(UsualSteps);

    public void Allows(string rule, string? detail = null) => Steps.Add(new TraceStep(rule, TraceSaying.Allows, detail));

    public void Limits(string rule, string? detail) => Steps.Add(new TraceStep(rule, TraceSaying.Limits, detail));

    public void Refuses(string rule, string? detail) => Steps.Add(new TraceStep(rule, TraceSaying.Refuses, detail));

    /// <summary>What is left for the books, and perhaps for a person.</summary>
    public void Add(PaymentGuards guards, GuardSet rules)
    {
        if (guards.Approval is { } approval)
        {
            Steps.Add(new TraceStep(approval.Rule, TraceSaying.Asks, rules.Approval?.Text));
        }

        if (guards.PriceDrift is { } drift)
        {
            Limits(drift.Rule, "against the last price here");
        }

        if (guards.Loop is { } loop)
        {
            Limits(loop.Rule, "for one and the same request");
        }

        if (guards.Breaker is { } breaker)
        {
            Limits(breaker.Rule, "after payments without delivery");
        }
    }
}
