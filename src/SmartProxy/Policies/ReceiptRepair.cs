using System.Globalization;
using System.Numerics;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Policy.Edits;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Policies;

/// <summary>
/// The smallest edit after which what a receipt refused would have passed, and what there is to do without one. What policy alone decides is tried;
/// what limits and guards compared with the books is taken from the figures of the receipt.
/// </summary>
internal sealed class ReceiptRepair(AssetRegistry registry, PolicyText text, ReceiptText receipt)
{
    private readonly PolicyRepairer _repairer = new(registry);
    private readonly PolicyTuner _tuner = new(registry);

    public (PolicyRepair? Repair, string? Advice) Find() => receipt.Reason switch
    {
        "budget_exceeded" when Dollars(receipt.Spent) is { } spent && Dollars(receipt.Held) is { } held && Dollars(receipt.Price) is { } price =>
            Said(_tuner.Raise(text, receipt.Rule, spent.Plus(held).Plus(price)), "or give room for a while, without an edit: `smartproxy grant add OWNER AMOUNT --for 2h --reason TEXT`"),
        "count_exceeded" when Number(receipt.Spent) is { } spent && Number(receipt.Held) is { } held =>
            Said(_tuner.Raise(text, receipt.Rule, new Quantity(SpendMeasure.Payments, spent + held + 1))),
        "recipient_changed" when Question() is { } question => Said(_repairer.List(text, question), "look first whether the seller itself announced the new recipient"),
        "price_drift" => Said(Set(Per(receipt.Rule)), $"no figure of {receipt.Rule} lets it pass; without the rule it would"),
        "request_loop" => Said(Set(Figure("times")), $"no figure of {receipt.Rule} lets it pass; wait, or take the rule away"),
        "merchant_suspended" => Said(Set(Figure("failures")), $"no figure of {receipt.Rule} lets it pass; wait until the pause is over, or take the rule away"),
        "approval_pending" => (Unasked(), "without an edit: a person answers with `smartproxy approvals`, then `smartproxy approve ID`"),
        "approval_denied" => (Unasked(), "a person said no; the agent may ask again when the answer expires (`smartproxy approvals --all`)"),
        "amount_over_max_price" => (null, $"no rule of the policy refused: the request itself allowed no more ({PaymentRequest.MaxPriceHeader})"),
        "frozen" => (null, "no rule of the policy refused: payments were stopped; `smartproxy unfreeze` lets them go on"),
        _ => Question() is { } asked ? Said(_repairer.Find(text, asked)) : (null, "the receipt does not say enough to try an edit"),
    };

    private static (PolicyRepair?, string?) Said(PolicyRepair? repair, string? advice = null) =>
        (repair, repair is null ? advice ?? "no edit of the policy was found that lets it pass" : advice);

    private PolicyRepair? Set(PolicySetting? setting) => setting is null ? null : _tuner.Set(text, setting);

    private PolicySetting? Figure(string name) =>
        receipt.PassesAt is { } figure ? new PolicySetting($"{receipt.Rule}.{name}", figure.ToString(CultureInfo.InvariantCulture)) : null;

    private PolicySetting? Per(string rule) =>
        receipt.PassesAt is { } percent ? new PolicySetting(rule, string.Create(CultureInfo.InvariantCulture, $"\"{percent}%\"")) : null;

    // What asked for a person, no longer asking; a rule that has no other reason to ask has to go.
    private PolicyRepair? Unasked()
    {
        var (rule, causes) = (receipt.Rule, ApprovalWords.In(receipt.Trace is [.., var last] ? last.Detail ?? "" : ""));
        var listed = causes.HasFlag(ApprovalCauses.RecipientChanged) ? Question() is { } question ? _repairer.List(text, question) : null : new PolicyRepair([], text, null);
        if (listed is null || causes is ApprovalCauses.None)
        {
            return null;
        }

        var settings = Settings(rule, causes).ToList();
        var eased = settings.Contains(null) ? null : _tuner.Set(listed.Text, [.. settings.OfType<PolicySetting>()]) ?? _tuner.Remove(listed.Text, rule);
        return eased is null ? null : eased with { Edits = [.. listed.Edits, .. eased.Edits] };
    }

    private IEnumerable<PolicySetting?> Settings(string rule, ApprovalCauses causes)
    {
        if (causes.HasFlag(ApprovalCauses.AmountAbove))
        {
            yield return receipt.Price is { } price ? new PolicySetting($"{rule}.above", $"\"{price}\"") : null;
        }

        // A recipient that changed is new as well.
        if (causes.HasFlag(ApprovalCauses.NewRecipient) || causes.HasFlag(ApprovalCauses.RecipientChanged))
        {
            yield return new PolicySetting($"{rule}.newRecipient", "false");
        }

        if (causes.HasFlag(ApprovalCauses.NewHost))
        {
            yield return new PolicySetting($"{rule}.newHost", "false");
        }

        if (causes.HasFlag(ApprovalCauses.PriceDrift))
        {
            yield return DriftRule() is { } drift ? Per(drift) : null;
        }
    }

    // The drift guard that counts here, by its words.
    private string? DriftRule() =>
        Question() is { } question && PolicyLoader.Load(text, registry).Policy is { } policy && new PolicyEvaluator(policy).Judge(question) is Verdict.Allowed { Guards.PriceDrift: { } drift } ? drift.Rule : null;

    private static Usd? Dollars(string? text) => Usd.TryParse(text, out var dollars) ? dollars : null;

    private static UInt128? Number(string? text) => UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // The question as it was judged, as far as a receipt tells it.
    private PaymentQuestion? Question()
    {
        if (!AgentId.TryParse(receipt.Agent, out var agent)
            || !Origin.TryParse(receipt.OriginText, out var origin)
            || !ChainId.TryParse(receipt.Network, out var network)
            || !EvmAddress.TryParse(receipt.Asset ?? "", out var asset)
            || !EvmAddress.TryParse(receipt.PayTo ?? "", out var payTo)
            || !BigInteger.TryParse(receipt.Amount, NumberStyles.None, CultureInfo.InvariantCulture, out var amount)
            || receipt.DecidedAt is not { } at)
        {
            return null;
        }

        registry.TryFind(network, asset, out var token);
        var offer = new PaymentOffer
        {
            Rail = "x402",
            Version = receipt.Version,
            Index = 0,
            Scheme = receipt.Scheme ?? "exact",
            Network = network,
            NetworkText = network.ToString(),
            Amount = amount,
            Asset = asset,
            PayTo = payTo,
            MaxTimeoutSeconds = 60,
            DomainName = token?.DomainName ?? "",
            DomainVersion = token?.DomainVersion ?? "",
            Original = "{}",
        };

        // A receipt does not tell an upgrade from a GET; only one that was refused for it was one.
        var isUpgrade = receipt.Reason == Words.Of(DenyReason.MethodNotPayable) && receipt.Method == "GET";
        return new PaymentQuestion(agent, receipt.Method, isUpgrade, origin, offer) { Path = receipt.Path, At = at };
    }
}
