using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SmartProxy.Commands;
using SmartProxy.Ledger;
using SmartProxy.Operator;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Policy.Edits;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Policies;

/// <summary>
/// <c>smartproxy why</c>: from a receipt to the rule that decided, with its place in the policy that judged and in the one of now, and the smallest
/// edit after which the same request would have passed. The edit is tried on the policy of now where there is one, else on the one that judged.
/// </summary>
internal sealed class ReceiptExplain(AssetRegistry registry)
{
    private const string Archived = "the policy that judged";

    public WhyAnswer Explain(WhyQuestion asked)
    {
        var receipt = ReceiptText.Read(asked.Receipt);
        var judged = asked.Policy is { } archived ? PolicyText.OfArchive(archived.Text, Archived) : null;
        var now = asked.PolicyPath is { } path ? new PolicySource(path).ReadSettled().Text : null;
        var isSame = judged is not null && now is not null && judged.ArchiveBytes.Span.SequenceEqual(now.ArchiveBytes.Span);
        var then = judged is null || isSame ? null : PolicyPlaces.Find(judged, receipt.Rule);
        var place = now is null ? null : PolicyPlaces.Find(now, receipt.Rule);
        var (repair, advice) = receipt.Outcome == Receipt.WordOf(ReceiptOutcome.Refused) && (now ?? judged) is { } text ? Repair(receipt, text) : (null, null);
        return new WhyAnswer([.. Lines(receipt, place, then, repair, advice)], json => Write(json, receipt, place, then, repair, advice));
    }

    private (PolicyRepair? Repair, string? Advice) Repair(ReceiptText receipt, PolicyText text)
    {
        var repairer = new PolicyRepairer(registry);
        switch (receipt.Reason)
        {
            case "budget_exceeded" when Usd.TryParse(receipt.Spent, out var spent) && Usd.TryParse(receipt.Held, out var held) && Usd.TryParse(receipt.Price, out var price):
                return Said(repairer.Raise(text, receipt.Rule, spent.Plus(held).Plus(price)), "or give room for a while, without an edit: `smartproxy grant add OWNER AMOUNT --for 2h --reason TEXT`");
            case "count_exceeded" when UInt128.TryParse(receipt.Spent, NumberStyles.None, CultureInfo.InvariantCulture, out var spent)
                && UInt128.TryParse(receipt.Held, NumberStyles.None, CultureInfo.InvariantCulture, out var held):
                return Said(repairer.Raise(text, receipt.Rule, new Quantity(SpendMeasure.Payments, spent + held + 1)), null);
            case "recipient_changed" when QuestionOf(receipt) is { } question:
                return Said(repairer.List(text, question), "look first whether the seller itself announced the new recipient");
            case "approval_pending":
                return (null, "nothing has to change: a person answers with `smartproxy approvals`, then `smartproxy approve ID`");
            case "approval_denied":
                return (null, "a person said no; the agent may ask again when the answer expires (`smartproxy approvals --all`)");
            case "amount_over_max_price":
                return (null, $"no rule of the policy refused: the request itself allowed no more ({PaymentRequest.MaxPriceHeader})");
            case "frozen":
                return (null, "no rule of the policy refused: payments were stopped; `smartproxy unfreeze` lets them go on");
            case "price_drift" or "request_loop" or "merchant_suspended":
                return (null, $"raise the figure at {receipt.Rule} if this should have passed; what it was compared with has changed since");
            default:
                return QuestionOf(receipt) is { } asked ? Said(repairer.Find(text, asked), null) : (null, "the receipt does not say enough to try an edit");
        }
    }

    private static (PolicyRepair?, string?) Said(PolicyRepair? repair, string? advice) => (repair, repair is null ? advice ?? "no edit of the policy was found that lets it pass" : advice);

    // The question as it was judged, as far as a receipt tells it.
    private PaymentQuestion? QuestionOf(ReceiptText receipt)
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

    private static IEnumerable<string> Lines(ReceiptText receipt, PolicyPlace? place, PolicyPlace? then, PolicyRepair? repair, string? advice)
    {
        var reason = receipt.Reason is { } word ? $" ({word})" : "";
        yield return $"{receipt.Id}: {receipt.Outcome}{reason}: {Shown(receipt.Price)} USD, {Shown(receipt.Method)} {Shown(receipt.OriginText)}{Shown(receipt.Path)} for {Shown(receipt.Agent)}";
        yield return $"  rule     {Shown(receipt.Rule)}{At(place, then)}";
        if (receipt.Limit is not null)
        {
            yield return $"  figures  {Shown(receipt.Spent)} spent and {Shown(receipt.Held)} held of {receipt.Limit}";
        }

        if (receipt.Trace.Count > 0)
        {
            yield return "trace";
            foreach (var line in DecisionTrace.Lines(receipt.Trace))
            {
                yield return line;
            }
        }

        if (repair is not null)
        {
            yield return "smallest edit that passes";
            foreach (var edit in repair.Edits)
            {
                yield return $"  {edit.File}:{edit.Line}  {edit.Words}";
            }

            if (repair.Verdict is Verdict.Denied still)
            {
                yield return $"  and then it is refused by {still.Rule} ({Words.Of(still.Reason)}), which no edit helps";
            }
        }

        if (advice is not null)
        {
            yield return advice;
        }
    }

    private static string At(PolicyPlace? place, PolicyPlace? then) => (place, then) switch
    {
        ({ } now, null) => $"  {now}",
        ({ } now, { } before) => $"  {now} (line {before.Line} of {Archived})",
        (null, { } before) => $"  line {before.Line} of {Archived}; not in the policy of now",
        _ => "",
    };

    private static string Shown(string? text) => Printable.Line(text ?? "-", 120);

    private static void Write(Utf8JsonWriter json, ReceiptText receipt, PolicyPlace? place, PolicyPlace? then, PolicyRepair? repair, string? advice)
    {
        json.WriteStartObject();
        json.WriteString("id", receipt.Id);
        json.WriteString("outcome", receipt.Outcome);
        json.WriteString("reason", receipt.Reason);
        json.WriteString("rule", receipt.Rule);
        json.WriteString("at", place?.ToString());
        json.WriteString("atThen", then is null ? null : string.Create(CultureInfo.InvariantCulture, $"line {then.Line}"));
        DecisionTrace.Write(json, receipt.Trace);
        json.WriteStartArray("edits");
        foreach (var edit in repair?.Edits ?? [])
        {
            json.WriteStartObject();
            json.WriteString("file", edit.File);
            json.WriteNumber("line", edit.Line);
            json.WriteString("place", edit.Place);
            json.WriteString("words", edit.Words);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("passes", repair is { Verdict: not Verdict.Denied });
        json.WriteString("advice", advice);
        json.WriteEndObject();
    }
}
