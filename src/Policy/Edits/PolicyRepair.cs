namespace SmartProxy.Policy.Edits;

/// <summary>One change of the policy, at one place.</summary>
/// <param name="File">The file that changes.</param>
/// <param name="Line">Where the place is, or where it would be.</param>
/// <param name="Place">The place by its words.</param>
/// <param name="Words">What to do: <c>raise policies.research.limits.payment from 0.05 to 0.08</c>.</param>
public sealed record PolicyEdit(string File, int Line, string Place, string Words);

/// <summary>The smallest change that was found and tried: the policy with it, and what that policy says to the same question.</summary>
/// <param name="Edits">In the order in which they were made.</param>
/// <param name="Text">The changed policy.</param>
/// <param name="Verdict">What it says; a refusal where no edit can help further. Null where only a limit over time was raised.</param>
public sealed record PolicyRepair(IReadOnlyList<PolicyEdit> Edits, PolicyText Text, Verdict? Verdict);

/// <summary>Where a rule stands.</summary>
public sealed record PolicyPlace(string File, int Line)
{
    /// <summary>File and line of a rule such as <c>policies.research.deny[0] category:gambling</c>; of what is said by default, the nearest place around it.</summary>
    public static PolicyPlace? Of(PolicyText text, string rule) => new PolicyFiles(text).Locate(rule);

    public override string ToString() => $"{File}:{Line}";
}
