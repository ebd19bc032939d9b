using System.Globalization;
using SmartProxy.Policy.Document;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Edits;

/// <summary>
/// Finds the smallest edit of a policy after which a request that was refused passes: raise that limit, list that recipient, add that host. Every
/// edit is made in the text, loaded like any other policy and asked the same question; what does not help is not suggested.
/// </summary>
/// <param name="registry">The tokens that there are without the policy's own.</param>
public sealed class PolicyRepairer(AssetRegistry registry)
{
    // Each edit meets one rule; more than this many stand in nobody's way at once.
    private const int MaxEdits = 8;

    /// <summary>The edits after which the question passes, or gets as far as edits can bring it; null when none helps.</summary>
    public PolicyRepair? Find(PolicyText text, PaymentQuestion question)
    {
        var edits = new List<PolicyEdit>();
        Verdict? last = null;
        while (edits.Count < MaxEdits && PolicyLoader.Load(text, registry).Policy is { } policy)
        {
            var verdict = new PolicyEvaluator(policy).Judge(question);
            if (verdict is not Verdict.Denied denied)
            {
                return edits.Count == 0 ? null : new PolicyRepair(edits, text, verdict);
            }

            if (Next(new PolicyFiles(text), policy, question, denied) is not { } next || !Helps(next.Text, question, denied))
            {
                return last is null ? null : new PolicyRepair(edits, text, denied);
            }

            edits.Add(next.Edit);
            (text, last) = (next.Text, denied);
        }

        return null;
    }

    /// <summary>A recipient that differs from the pinned one, listed; null when the seller is no merchant of the policy.</summary>
    public PolicyRepair? List(PolicyText text, PaymentQuestion question)
    {
        if (PolicyLoader.Load(text, registry).Policy is not { } policy || policy.Hosts.Locate(question.Origin).Merchant is not { } merchant)
        {
            return null;
        }

        var files = new PolicyFiles(text);
        var recipients = $"{merchant.Words}.recipients";
        var list = $"[{EditableJson.TextOf(question.Offer.PayTo.ToString())}]";
        Change? change = files.Find(recipients) is var (part, json)
            ? new Change(files, part, json, recipients, json.Replace(recipients, list), $"set {recipients} to {list}")
            : AddMember(files, merchant.Words, "recipients", list);
        return change is not null && PolicyLoader.Load(change.Text, registry).Policy is { } changed && new PolicyEvaluator(changed).Judge(question) is Verdict.Allowed { Recipient: RecipientRule.Listed } verdict
            ? new PolicyRepair([change.Edit], change.Text, verdict)
            : null;
    }

    // An edit helps when the policy with it is one, and says something else than before.
    private bool Helps(PolicyText text, PaymentQuestion question, Verdict.Denied before) =>
        PolicyLoader.Load(text, registry).Policy is { } policy
        && (new PolicyEvaluator(policy).Judge(question) is not Verdict.Denied after || after.Reason != before.Reason || after.Rule != before.Rule);

    private static Change? Next(PolicyFiles files, PolicySet policy, PaymentQuestion question, Verdict.Denied denied)
    {
        var agent = policy.Agents.Find(question.Agent);
        var merchant = policy.Hosts.Locate(question.Origin).Merchant;
        return denied.Reason switch
        {
            DenyReason.UnknownAgent => AddAgent(files, policy, question, denied),
            DenyReason.Denied => Remove(files, denied.Rule),
            DenyReason.MerchantNotAllowed => Allow(files, question, agent!, merchant),
            DenyReason.OutsideSchedule => ScheduleEdits.Open(files, denied.Rule, question.At, policy.ZoneId),
            DenyReason.CleartextNotAllowed => AtMerchant(files, question, merchant, "allowCleartext"),
            DenyReason.MethodNotPayable when question.Method.Equals("HEAD", StringComparison.OrdinalIgnoreCase) => AtMerchant(files, question, merchant, "payHead"),
            DenyReason.MethodNotPayable when question.IsUpgrade => AtMerchant(files, question, merchant, "payUpgrades"),
            DenyReason.NetworkNotAllowed => AddNetwork(files, policy, question, agent!, merchant),
            DenyReason.SchemeNotAllowed => AddTo(files, agent!.Schemes.Words, "schemes", EditableJson.TextOf(question.Offer.Scheme), PolicyCompiler.DefaultScheme),
            DenyReason.AssetNotAllowed when policy.Registry.TryFind(question.Offer.Network, question.Offer.Asset, out var asset) =>
                AddTo(files, agent!.Assets.Words, "assets", EditableJson.TextOf(asset.Symbol), PolicyCompiler.DefaultAsset),
            DenyReason.AssetDomainMismatch when policy.Registry.TryFind(question.Offer.Network, question.Offer.Asset, out var asset) => RenameToken(files, asset, question.Offer),
            DenyReason.RecipientNotAllowed when question.Offer.PayTo != EvmAddress.Zero => ListRecipient(files, question, (merchant?.Recipients ?? agent!.Recipients).Words),
            DenyReason.AmountOverPaymentLimit when denied.Value is { } value && files.Find(denied.Rule) is var (part, json) =>
                new Change(files, part, json, denied.Rule, json.Replace(denied.Rule, EditableJson.TextOf(value.ToString())), $"raise {denied.Rule} from {EditableJson.Plain(json.ValueAt(denied.Rule))} to {value}"),

            // Nothing that a person writes into the file would help.
            DenyReason.NoPolicy or DenyReason.MethodNotPayable or DenyReason.AssetNotAllowed or DenyReason.AssetDomainMismatch or DenyReason.RecipientNotAllowed
                or DenyReason.AmountOutOfRange or DenyReason.AmountOverPaymentLimit or DenyReason.AmountOverMaxPrice => null,
        };
    }

    private static Change? AddAgent(PolicyFiles files, PolicySet policy, PaymentQuestion question, Verdict.Denied denied)
    {
        var price = EditableJson.TextOf((denied.Value is { } value && value > Usd.Zero ? value : new Usd(10_000)).ToString());
        var allow = EditableJson.TextOf(Site(question, policy.Hosts.Locate(question.Origin).Merchant));
        return AddMember(files, "agents", question.Agent.Value, $$"""{ "allow": [{{allow}}], "limits": { "payment": {{price}}, "day": {{price}} } }""");
    }

    private static Change? Remove(PolicyFiles files, string rule) =>
        files.PlaceOf(rule) is { } place && place.EndsWith(']') && files.Find(place) is var (part, json)
            ? new Change(files, part, json, place, json.Remove(place), $"remove {EditableJson.Plain(json.ValueAt(place))} from {place[..place.LastIndexOf('[')]}")
            : null;

    private static Change? Allow(PolicyFiles files, PaymentQuestion question, AgentRule agent, MerchantRule? merchant)
    {
        var site = EditableJson.TextOf(Site(question, merchant));
        var owner = agent.AllowWords[..agent.AllowWords.LastIndexOf(".allow", StringComparison.Ordinal)];
        return files.Find(agent.AllowWords) is var (part, json)
            ? new Change(files, part, json, agent.AllowWords, json.AddItem(agent.AllowWords, site), $"add {site} to {agent.AllowWords}")
            : AddMember(files, owner, "allow", $"[{site}]");
    }

    // What only a merchant can say: at the one there is, or at a new one for this host.
    private static Change? AtMerchant(PolicyFiles files, PaymentQuestion question, MerchantRule? merchant, string key)
    {
        if (merchant is not null)
        {
            var place = $"{merchant.Words}.{key}";
            return files.Find(place) is var (part, json)
                ? new Change(files, part, json, place, json.Replace(place, "true"), $"set {place} to true")
                : AddMember(files, merchant.Words, key, "true");
        }

        var entry = $$"""{ "hosts": {{EditableJson.TextOf(HostOf(question.Origin))}}, "{{key}}": true }""";
        var name = new string([.. question.Origin.Host.Value.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-').SkipWhile(c => c == '-').Take(64)]);
        return files.Find("merchants") is not null
            ? AddMember(files, "merchants", name, entry)
            : AddMember(files, "", "merchants", $"{{ {EditableJson.TextOf(name)}: {entry} }}");
    }

    private static Change? AddNetwork(PolicyFiles files, PolicySet policy, PaymentQuestion question, AgentRule agent, MerchantRule? merchant)
    {
        var network = EditableJson.TextOf(NetworkNames.ShortNameOf(question.Offer.Network));

        // The file's own list bounds all others, so it comes first; then that of the agent, then that of the merchant.
        var place = !policy.Networks.Contains(question.Offer.Network) ? "networks"
            : !agent.Networks.Contains(question.Offer.Network) ? agent.Networks.Words
            : merchant?.Networks?.Words;
        return place is null ? null : AddTo(files, place, "networks", network, whereNothingIsSaid: null);
    }

    // A list that is not there says its default; with one more item it has to say both.
    private static Change? AddTo(PolicyFiles files, string place, string key, string item, string? whereNothingIsSaid) =>
        files.Find(place) is var (part, json) ? new Change(files, part, json, place, json.AddItem(place, item), $"add {item} to {place}")
        : whereNothingIsSaid is null ? null
        : AddMember(files, "", key, $"[{EditableJson.TextOf(whereNothingIsSaid)}, {item}]");

    private static Change? RenameToken(PolicyFiles files, Asset asset, PaymentOffer offer)
    {
        if (offer.DomainName is not { Length: > 0 } name || offer.DomainVersion is not { Length: > 0 } version)
        {
            return null;
        }

        var token = string.Create(CultureInfo.InvariantCulture, $$"""
            { "symbol": {{EditableJson.TextOf(asset.Symbol)}}, "network": {{EditableJson.TextOf(NetworkNames.ShortNameOf(asset.Chain))}}, "address": {{EditableJson.TextOf(asset.Address.ToString())}}, "name": {{EditableJson.TextOf(name)}}, "version": {{EditableJson.TextOf(version)}}, "decimals": {{asset.Decimals}}, "usd": {{EditableJson.TextOf(asset.UsdPerToken.ToString())}} }
            """);
        var change = files.Find("tokens") is var (part, json)
            ? new Change(files, part, json, "tokens", json.AddItem("tokens", token), "")
            : AddMember(files, "", "tokens", $"[{token}]");
        return change is null ? null : change with { Words = $"if the contract itself says so: declare {asset.Symbol} under tokens with name {EditableJson.TextOf(name)} and version {EditableJson.TextOf(version)}" };
    }

    private static Change? ListRecipient(PolicyFiles files, PaymentQuestion question, string place)
    {
        var recipient = EditableJson.TextOf(question.Offer.PayTo.ToString());
        var owner = place[..Math.Max(0, place.LastIndexOf(".recipients", StringComparison.Ordinal))];
        return files.Find(place) is var (part, json)
            ? new Change(files, part, json, place, json.AddItem(place, recipient), $"add {recipient} to {place}")
            : AddMember(files, owner, "recipients", $"[{recipient}]");
    }

    private static Change? AddMember(PolicyFiles files, string owner, string name, string value)
    {
        var found = owner.Length == 0 ? files.First : files.Find(owner);
        return found is var (part, json) && json.IsObject(owner)
            ? new Change(files, part, json, owner, json.AddMember(owner, name, value), owner.Length == 0 ? $"add {EditableJson.TextOf(name)}: {value}" : $"add {EditableJson.TextOf(name)}: {value} to {owner}")
            : null;
    }

    private static string Site(PaymentQuestion question, MerchantRule? merchant) => merchant?.Name ?? HostOf(question.Origin);

    private static string HostOf(Origin origin) => new HostPattern(origin.Host, Below: false, origin.HasDefaultPort ? null : origin.Port).ToString();
}

/// <summary>A change that was made in one file, with the place as it was before.</summary>
internal sealed record Change(PolicyFiles Files, PolicyPart Part, EditableJson Json, string Place, byte[] Bytes, string Words)
{
    public PolicyText Text => Files.With(Part, Bytes);

    public PolicyEdit Edit => new(Files.PathOf(Part), Json.LineOf(Place) ?? 1, Place, Words);
}
