using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Reads what <see cref="EventFields"/> writes.</summary>
internal static class EventReader
{
    public static LedgerEvent Read(ref LineReader reader, string type) => type switch
    {
        LineTypes.Policy => ReadPolicy(ref reader),
        LineTypes.Sent => new LedgerEvent.Sent(reader.Payment("payment"u8)),
        LineTypes.Settled => ReadSettled(ref reader),
        LineTypes.InDoubt => ReadInDoubt(ref reader),
        LineTypes.Undelivered => new LedgerEvent.Undelivered(reader.Payment("payment"u8), reader.Text("why"u8)),
        LineTypes.SellerSigned => ReadPaper(ref reader),
        LineTypes.Refunded => ChainFields.ReadRefunded(ref reader),
        LineTypes.Aborted => new LedgerEvent.Aborted(reader.Payment("payment"u8), reader.Text("why"u8)),
        LineTypes.Proven => ChainFields.ReadProven(ref reader),
        LineTypes.Expired => ChainFields.ReadExpired(ref reader),
        LineTypes.Voided => ChainFields.ReadVoided(ref reader),
        LineTypes.Drift => ChainFields.ReadDrifted(ref reader),
        LineTypes.RollbackAccepted => ChainFields.ReadRollbackAccepted(ref reader),
        LineTypes.Refused => ReadRefused(ref reader),
        LineTypes.Frozen => new LedgerEvent.Frozen(ReadOptionalAgent(ref reader), reader.Text("by"u8), reader.Text("reason"u8)),
        LineTypes.Unfrozen => new LedgerEvent.Unfrozen(ReadOptionalAgent(ref reader), reader.Text("by"u8), reader.Text("reason"u8)),
        LineTypes.ApprovalRequested => ReadQuestion(ref reader),
        LineTypes.ApprovalAnswered => ReadAnswer(ref reader),
        LineTypes.Granted => ReadGranted(ref reader),
        LineTypes.GrantRevoked => new LedgerEvent.GrantRevoked(reader.Payment("grant"u8), reader.Text("by"u8), reader.Text("reason"u8)),
        _ => throw new FormatException($"line type `{type}`: {JournalReader.Newer}"),
    };

    private static LedgerEvent.PolicyActivated ReadPolicy(ref LineReader reader)
    {
        var (hash, change) = (reader.Word("hash"u8), reader.Text("change"u8));
        var (registry, text) = (reader.UniqueText("registry"u8), reader.UniqueText("text"u8));
        return new LedgerEvent.PolicyActivated(hash, text, registry, change);
    }

    private static LedgerEvent.Settled ReadSettled(ref LineReader reader)
    {
        var payment = reader.Payment("payment"u8);
        var (status, delivered) = ((int)reader.Number("status"u8), reader.Flag("delivered"u8));
        return new LedgerEvent.Settled(payment, ReadClaim(ref reader), status, delivered, reader.OptionalWord("response"u8));
    }

    private static LedgerEvent.InDoubt ReadInDoubt(ref LineReader reader)
    {
        var (payment, why) = (reader.Payment("payment"u8), reader.Text("why"u8));
        int? status = reader.Has("status"u8) ? (int)reader.Number("status"u8) : null;
        var delivered = reader.Flag("delivered"u8);
        return new LedgerEvent.InDoubt(payment, why, status, delivered, reader.Has("claim"u8) ? ReadClaim(ref reader) : null);
    }

    private static LedgerEvent.SellerSigned ReadPaper(ref LineReader reader)
    {
        var payment = reader.Payment("payment"u8);
        reader.Open("paper"u8);
        var (kind, verdict) = (reader.Text("kind"u8), reader.Text("verdict"u8));
        var (why, signer) = (reader.OptionalText("why"u8), reader.OptionalText("signer"u8));
        var paper = new SellerPaper(kind, verdict, why, signer, reader.Text("text"u8));
        reader.Close();
        return new LedgerEvent.SellerSigned(payment, paper);
    }

    private static SettlementClaim ReadClaim(ref LineReader reader)
    {
        reader.Open("claim"u8);
        var claim = new SettlementClaim(
            reader.Flag("success"u8),
            reader.UniqueText("transaction"u8),
            reader.Text("network"u8),
            reader.OptionalText("payer"u8),
            reader.Has("amount"u8) ? new TokenAmount(reader.Digits("amount"u8)) : null,
            reader.OptionalText("errorReason"u8));
        reader.Close();
        return claim;
    }

    private static LedgerEvent.Refused ReadRefused(ref LineReader reader)
    {
        var (decision, agent, reason) = (reader.Payment("payment"u8), reader.Agent("agent"u8), reader.Text("reason"u8));
        var policy = reader.OptionalWord("policy"u8);
        var (terms, request) = (reader.Word("terms"u8), reader.Word("request"u8));
        var count = (int)reader.Number("count"u8);
        var figures = ContextReader.ReadFigures(ref reader);
        return new LedgerEvent.Refused(decision, agent, reason, ContextReader.ReadContext(ref reader), figures, terms, request, policy, count);
    }

    private static LedgerEvent.ApprovalRequested ReadQuestion(ref LineReader reader)
    {
        var (id, agent, binding) = (reader.Payment("approval"u8), reader.Agent("agent"u8), reader.Word("binding"u8));
        var causes = ApprovalCauses.None;
        reader.OpenArray("causes"u8);
        while (reader.NextText() is { } word)
        {
            causes |= JournalWords.Cause(word);
        }

        var rule = reader.Text("rule"u8);
        var (hold, validFor) = (reader.Milliseconds("holdMs"u8), reader.Milliseconds("validMs"u8));
        var expires = reader.Time("expires"u8);
        var figures = ContextReader.ReadFigures(ref reader);
        return new LedgerEvent.ApprovalRequested(
            id, new ApprovalQuestion(binding, agent, causes, rule, hold, validFor), ContextReader.ReadContext(ref reader), figures, expires);
    }

    private static LedgerEvent.ApprovalAnswered ReadAnswer(ref LineReader reader)
    {
        var (id, approved, expires) = (reader.Payment("approval"u8), reader.Flag("approved"u8), reader.Time("expires"u8));
        return new LedgerEvent.ApprovalAnswered(id, approved, reader.Text("by"u8), reader.Text("reason"u8), expires);
    }

    private static LedgerEvent.Granted ReadGranted(ref LineReader reader)
    {
        var (id, owner, merchant) = (reader.Payment("grant"u8), reader.Owner("owner"u8), reader.OptionalText("merchant"u8));
        var (amount, expires) = (new Usd(reader.Digits("value"u8)), reader.Time("expires"u8));
        return new LedgerEvent.Granted(id, owner, merchant, amount, expires, reader.Text("by"u8), reader.Text("reason"u8));
    }

    private static AgentId? ReadOptionalAgent(ref LineReader reader) => reader.Has("agent"u8) ? reader.Agent("agent"u8) : null;
}
