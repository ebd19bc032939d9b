using SmartProxy.Protocol;

namespace SmartProxy.Policy.Edits;

/// <summary>One value to be written at a place that is there.</summary>
/// <param name="Place">The place by its words: <c>policies.research.loop.times</c>.</param>
/// <param name="Json">The value.</param>
public sealed record PolicySetting(string Place, string Json);

/// <summary>
/// Writes values whose place is known: a limit, or a figure that guards go by. What it makes is loaded like any other policy; that the books agree
/// is not tried.
/// </summary>
/// <param name="registry">The tokens that there are without the policy's own.</param>
public sealed class PolicyTuner(AssetRegistry registry)
{
    /// <summary>A limit over time, raised to what would have had room; null when the limit is not in the text.</summary>
    /// <param name="text">The policy.</param>
    /// <param name="limit">The limit by its words.</param>
    /// <param name="most">What it has to allow.</param>
    public PolicyRepair? Raise(PolicyText text, string limit, Quantity most) =>
        Set(text, new PolicySetting(limit, most.Measure is SpendMeasure.Dollars ? EditableJson.TextOf(most.ToString()) : most.ToString()));

    /// <summary>Other values, all of them; null when one has no place in the text, or the policy with them is none.</summary>
    public PolicyRepair? Set(PolicyText text, params IReadOnlyList<PolicySetting> settings)
    {
        var edits = new List<PolicyEdit>();
        foreach (var (place, value) in settings)
        {
            var files = new PolicyFiles(text);
            if (files.Find(place) is not var (part, json))
            {
                return null;
            }

            var words = value is "false" ? $"set {place} to false" : $"raise {place} from {EditableJson.Plain(json.ValueAt(place))} to {EditableJson.Plain(value)}";
            var change = new Change(files, part, json, place, json.Replace(place, value), words);
            text = change.Text;
            edits.Add(change.Edit);
        }

        return edits.Count > 0 && IsPolicy(text) ? new PolicyRepair(edits, text, null) : null;
    }

    /// <summary>A rule taken away; null when it is not in the text, or the policy without it is none.</summary>
    public PolicyRepair? Remove(PolicyText text, string rule)
    {
        var files = new PolicyFiles(text);
        if (files.Find(rule) is not var (part, json))
        {
            return null;
        }

        var change = new Change(files, part, json, rule, json.Remove(rule), $"remove {rule}");
        return IsPolicy(change.Text) ? new PolicyRepair([change.Edit], change.Text, null) : null;
    }

    private bool IsPolicy(PolicyText text) => PolicyLoader.Load(text, registry).Policy is not null;
}
