namespace SmartProxy.Policy.Edits;

/// <summary>Finds where the words of a rule stand in a policy.</summary>
public static class PolicyPlaces
{
    /// <summary>File and line of a rule such as <c>policies.research.deny[0] category:gambling</c>; of what is said by default, the nearest place around it.</summary>
    public static PolicyPlace? Find(PolicyText text, string rule) => new PolicyFiles(text).Locate(rule);
}
