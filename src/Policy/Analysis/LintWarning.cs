namespace SmartProxy.Policy.Analysis;

/// <summary>Something that a policy may say and that is worth a second look.</summary>
/// <param name="Code">Stable, such as <c>limit-never-binds</c>; see docs/policy-analysis.md.</param>
/// <param name="At">Where, and what.</param>
public sealed record LintWarning(string Code, PolicyProblem At)
{
    public const string DayBelowPayment = "day-below-payment";
    public const string LimitNeverBinds = "limit-never-binds";
    public const string DayCapMoot = "day-cap-moot";
    public const string AllowShadowed = "allow-shadowed";
    public const string AllowEverything = "allow-everything";
    public const string MerchantUnpayable = "merchant-unpayable";
    public const string GroupUnused = "group-unused";
    public const string PolicyUnused = "policy-unused";
    public const string CategoryEmpty = "category-empty";
    public const string NoDayCap = "no-day-cap";
    public const string RecipientsAny = "recipients-any";
    public const string AmountOutlier = "amount-outlier";
    public const string ScheduleNeverOpen = "schedule-never-open";
    public const string ApprovalNeverAsks = "approval-never-asks";

    /// <summary>A warning of the loader that has no code of its own.</summary>
    public const string Other = "other";

    /// <summary><c>policies.json:7: agents.me.limits.day: … [day-below-payment]</c>.</summary>
    public override string ToString() => $"{At} [{Code}]";
}
