using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Reads what <see cref="JournalWriter"/> writes, and nothing else.</summary>
public static class JournalReader
{
    private const string Newer = "written by a newer version, which must be used to read it";

    /// <summary>Whether a problem means that the line is not broken but beyond this version.</summary>
    public static bool IsNewer(string problem) => problem.EndsWith(Newer, StringComparison.Ordinal);

    /// <summary>Reads one line.</summary>
    /// <param name="bytes">The line without its line feed.</param>
    /// <param name="line">The line, with the hash of its bytes; its place in the chain is not judged here.</param>
    /// <param name="problem">What is wrong with it, or null.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out JournalLine line, out string? problem)
    {
        try
        {
            line = Read(bytes);
            problem = null;
            return true;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or OverflowException)
        {
            (line, problem) = (null!, e.Message);
            return false;
        }
    }

    private static JournalLine Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new LineReader(bytes);
        reader.Begin();
        if (reader.Number("v"u8) is var version and not JournalWriter.Version)
        {
            throw new FormatException($"line version {version}: {Newer}");
        }

        var sequence = reader.Number("seq"u8);
        var previous = reader.LineHash("prev"u8);
        var at = reader.Time("at"u8);
        var entry = ReadEntry(ref reader, reader.Text("type"u8));
        reader.End();
        return new JournalLine(sequence, previous, at, entry, Bytes32.Sha256(bytes));
    }

    private static JournalEntry ReadEntry(ref LineReader reader, string type) => type switch
    {
        LineTypes.Opened => new JournalEntry.Opened(reader.Word("journal"u8)),
        LineTypes.Reserved => ReadReserved(ref reader),
        _ => new JournalEntry.Recorded(ReadEvent(ref reader, type)),
    };

    private static LedgerEvent ReadEvent(ref LineReader reader, string type) => type switch
    {
        LineTypes.Policy => ReadPolicy(ref reader),
        LineTypes.Sent => new LedgerEvent.Sent(reader.Payment("payment"u8)),
        LineTypes.Settled => ReadSettled(ref reader),
        LineTypes.InDoubt => ReadInDoubt(ref reader),
        LineTypes.Aborted => new LedgerEvent.Aborted(reader.Payment("payment"u8), reader.Text("why"u8)),
        LineTypes.Proven => ChainFields.ReadProven(ref reader),
        LineTypes.Expired => ChainFields.ReadExpired(ref reader),
        LineTypes.Voided => ChainFields.ReadVoided(ref reader),
        LineTypes.Drift => ChainFields.ReadDrifted(ref reader),
        LineTypes.RollbackAccepted => ChainFields.ReadRollbackAccepted(ref reader),
        LineTypes.Refused => ReadRefused(ref reader),
        LineTypes.Frozen => new LedgerEvent.Frozen(ReadOptionalAgent(ref reader), reader.Text("by"u8), reader.Text("reason"u8)),
        LineTypes.Unfrozen => new LedgerEvent.Unfrozen(ReadOptionalAgent(ref reader), reader.Text("by"u8), reader.Text("reason"u8)),
        _ => throw new FormatException($"line type `{type}`: {Newer}"),
    };

    private static JournalEntry.Reserved ReadReserved(ref LineReader reader)
    {
        var id = reader.Payment("payment"u8);
        var policy = reader.Word("policy"u8);
        var record = reader.Text("record"u8);
        var authorization = ReadAuthorization(ref reader);
        var facts = ReadFacts(ref reader, authorization.Terms);
        var lines = reader.Texts("lines"u8);
        var (terms, request, logical) = (reader.Word("terms"u8), reader.Word("request"u8), reader.Word("logical"u8));
        var (key, safe, pin) = (reader.Flag("key"u8), reader.Flag("safe"u8), reader.Flag("pin"u8));
        var context = ReadContext(ref reader);
        return new JournalEntry.Reserved
        {
            Id = id,
            PolicyHash = policy,
            DecisionRecord = record,
            Authorization = authorization,
            Facts = facts with { Origin = context.Origin, Method = context.Method, Path = context.Path },
            Lines = [.. lines.Select(id => new LimitFigures(id, default, default, default))],
            TermsHash = terms,
            RequestDigest = request,
            LogicalRequest = logical,
            HasIdempotencyKey = key,
            IsSafeMethod = safe,
            PinsRecipient = pin,
            Context = context,
        };
    }

    private static TransferAuthorization ReadAuthorization(ref LineReader reader)
    {
        reader.Open("authorization"u8);
        var terms = new TransferTerms(
            reader.Chain("chain"u8),
            reader.Address("asset"u8),
            reader.Text("name"u8),
            reader.Text("version"u8),
            reader.Address("from"u8),
            reader.Address("to"u8),
            new TokenAmount(reader.Digits("value"u8)),
            reader.Number("validAfter"u8),
            reader.Number("validBefore"u8));
        var nonce = reader.Word("nonce"u8);
        reader.Close();
        return new TransferAuthorization(terms, nonce);
    }

    private static PaymentFacts ReadFacts(ref LineReader reader, TransferTerms terms)
    {
        reader.Open("facts"u8);
        var facts = new PaymentFacts(
            reader.Agent("agent"u8),
            reader.OptionalText("group"u8),
            reader.OptionalText("policy"u8),
            default,
            reader.OptionalText("merchant"u8),
            reader.OptionalText("category"u8),
            terms.Chain,
            terms.Asset,
            terms.To,
            new Usd(reader.Digits("value"u8)));
        reader.Close();
        return facts;
    }

    private static PaymentContext ReadContext(ref LineReader reader)
    {
        reader.Open("context"u8);
        var context = new PaymentContext
        {
            Method = reader.Text("method"u8),
            Origin = reader.Origin("origin"u8),
            Path = reader.Text("path"u8),
            QueryHmac = reader.OptionalText("queryHmac"u8),
            Rule = reader.Text("rule"u8),
            Rail = reader.Text("rail"u8),
            ProtocolVersion = (int)reader.Number("protocolVersion"u8),
            Scheme = reader.OptionalText("scheme"u8),
            AssetSymbol = reader.OptionalText("assetSymbol"u8),
            Wallet = reader.OptionalText("wallet"u8),
            Tags = reader.Map("tags"u8),
        };
        reader.Close();
        return context;
    }

    private static LedgerEvent.PolicyActivated ReadPolicy(ref LineReader reader)
    {
        var (hash, change) = (reader.Word("hash"u8), reader.Text("change"u8));
        var (registry, text) = (reader.Text("registry"u8), reader.Text("text"u8));
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

    private static SettlementClaim ReadClaim(ref LineReader reader)
    {
        reader.Open("claim"u8);
        var claim = new SettlementClaim(
            reader.Flag("success"u8),
            reader.Text("transaction"u8),
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
        var figures = ReadFigures(ref reader);
        return new LedgerEvent.Refused(decision, agent, reason, ReadContext(ref reader), figures, terms, request, policy, count);
    }

    private static RefusalFigures ReadFigures(ref LineReader reader)
    {
        reader.Open("figures"u8);
        var figures = new RefusalFigures(
            reader.OptionalUsd("price"u8),
            reader.OptionalAddress("payTo"u8),
            reader.Has("network"u8) ? reader.Chain("network"u8) : null,
            reader.OptionalAddress("asset"u8),
            reader.OptionalText("amount"u8),
            reader.OptionalUsd("limit"u8),
            reader.OptionalUsd("spent"u8),
            reader.OptionalUsd("held"u8),
            reader.OptionalUsd("remaining"u8),
            reader.Has("resetsAt"u8) ? reader.Time("resetsAt"u8) : null);
        reader.Close();
        return figures;
    }

    private static AgentId? ReadOptionalAgent(ref LineReader reader) => reader.Has("agent"u8) ? reader.Agent("agent"u8) : null;
}
