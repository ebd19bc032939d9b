namespace SmartProxy.Protocol;

/// <summary>What a rule said.</summary>
public enum TraceSaying
{
    /// <summary>The rule lets this through.</summary>
    Allows,

    /// <summary>The rule is a limit, and the payment is within it or draws on it.</summary>
    Limits,

    /// <summary>The rule asks for a person.</summary>
    Asks,

    /// <summary>The rule refuses; always the last step.</summary>
    Refuses,
}

/// <summary>One step of a decision, in the order in which it was made.</summary>
/// <param name="Rule">The rule by its words: <c>policies.research.allow[0]</c>.</param>
/// <param name="Saying">What it said.</param>
/// <param name="Detail">With which figures or words: <c>exa</c>, <c>at most 0.10 USD</c>; made once with the policy, not per decision.</param>
public readonly record struct TraceStep(string Rule, TraceSaying Saying, string? Detail);
