using System.Text;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Reads what <see cref="JournalWriter"/> writes, and nothing else.</summary>
public static class JournalReader
{
    internal const string Newer = "written by a newer version, which must be used to read it";

    /// <summary>Whether a problem means that the line is not broken but beyond this version.</summary>
    public static bool IsNewer(string problem) => problem.EndsWith(Newer, StringComparison.Ordinal);

    /// <summary>Reads one line.</summary>
    /// <param name="bytes">The line without its line feed.</param>
    /// <param name="line">The line, with the hash of its bytes; its place in the chain is not judged here.</param>
    /// <param name="problem">What is wrong with it, or null.</param>
    /// <param name="texts">What the same reader has met before; null for a single line.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out JournalLine line, out string? problem, SeenTexts? texts = null) =>
        TryRead(bytes, out line, out problem, texts, isHashed: true);

    /// <summary>As <see cref="TryRead(ReadOnlySpan{byte}, out JournalLine, out string?, SeenTexts?)"/>, for those who do not judge the chain: the hash is left zero, which halves the work.</summary>
    public static bool TryReadUnhashed(ReadOnlySpan<byte> bytes, out JournalLine line, out string? problem, SeenTexts? texts = null) =>
        TryRead(bytes, out line, out problem, texts, isHashed: false);

    private static bool TryRead(ReadOnlySpan<byte> bytes, out JournalLine line, out string? problem, SeenTexts? texts, bool isHashed)
    {
        try
        {
            line = Read(bytes, texts ?? new SeenTexts(SeenTexts.FewLines), isHashed);
            problem = null;
            return true;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or OverflowException or DecoderFallbackException)
        {
            (line, problem) = (null!, e.Message);
            return false;
        }
    }

    private static JournalLine Read(ReadOnlySpan<byte> bytes, SeenTexts texts, bool isHashed)
    {
        var reader = new LineReader(bytes, texts);
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
        return new JournalLine(sequence, previous, at, entry, isHashed ? Bytes32.Sha256(bytes) : default);
    }

    private static JournalEntry ReadEntry(ref LineReader reader, string type) => type switch
    {
        LineTypes.Opened => new JournalEntry.Opened(reader.Word("journal"u8)),
        LineTypes.Reserved => ReadReserved(ref reader),
        _ => new JournalEntry.Recorded(EventReader.Read(ref reader, type)),
    };

    private static JournalEntry.Reserved ReadReserved(ref LineReader reader)
    {
        var id = reader.Payment("payment"u8);
        var policy = reader.Word("policy"u8);
        var record = reader.UniqueText("record"u8);
        var authorization = ReadAuthorization(ref reader);
        var facts = ReadFacts(ref reader, authorization.Terms);
        var lines = ReadLines(ref reader);
        var (approval, grants) = (reader.OptionalPayment("approval"u8), ReadGrants(ref reader));
        var (terms, request, logical) = (reader.Word("terms"u8), reader.Word("request"u8), reader.Word("logical"u8));
        var (key, safe, pin) = (reader.Flag("key"u8), reader.Flag("safe"u8), reader.Flag("pin"u8));
        var context = ContextReader.ReadContext(ref reader);
        return new JournalEntry.Reserved
        {
            Id = id,
            PolicyHash = policy,
            DecisionRecord = record,
            Authorization = authorization,
            Facts = facts with { Origin = context.Origin, Method = context.Method, Path = context.Path },
            Lines = lines,
            Approval = approval,
            Grants = grants,
            TermsHash = terms,
            RequestDigest = request,
            LogicalRequest = logical,
            HasIdempotencyKey = key,
            IsSafeMethod = safe,
            PinsRecipient = pin,
            Context = context,
        };
    }

    private static List<LimitFigures> ReadLines(ref LineReader reader)
    {
        var lines = new List<LimitFigures>();
        reader.OpenArray("lines"u8);
        while (reader.NextObject())
        {
            var id = reader.Text("id"u8);
            var (limit, spent, held) = (reader.Digits("limit"u8), reader.Digits("spent"u8), reader.Digits("held"u8));
            var measure = reader.Measure();
            reader.Close();
            lines.Add(new LimitFigures(id, new Quantity(measure, limit), new Quantity(measure, spent), new Quantity(measure, held)));
        }

        return lines;
    }

    private static GrantUse[] ReadGrants(ref LineReader reader)
    {
        if (!reader.Has("grants"u8))
        {
            return [];
        }

        var grants = new List<GrantUse>();
        reader.OpenArray("grants"u8);
        while (reader.NextObject())
        {
            grants.Add(new GrantUse(reader.Payment("id"u8), new Usd(reader.Digits("amount"u8))));
            reader.Close();
        }

        return grants.Count > 0 ? [.. grants] : throw new FormatException("`grants`: expected at least one, or nothing at all");
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
}
