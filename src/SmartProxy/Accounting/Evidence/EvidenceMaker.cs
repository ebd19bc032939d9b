using System.Globalization;
using System.Text;
using System.Text.Json;
using SmartProxy.Accounting.Statements;
using SmartProxy.Ledger;
using SmartProxy.Receipts;
using SmartProxy.Storage;

namespace SmartProxy.Accounting.Evidence;

/// <summary>Puts an evidence file together: everything about its scope, and what is needed to check it with nothing of ours.</summary>
/// <param name="readJournal">Reads the journal from its first line on.</param>
/// <param name="keys">Signs receipts and the manifest.</param>
/// <param name="time">The clock.</param>
internal sealed class EvidenceMaker(Action<JournalBytesSeen> readJournal, ReceiptKeys keys, TimeProvider time)
{
    private static readonly string[] Verifier = ["books.mjs", "evidence.mjs", "keccak.mjs", "verify.mjs"];

    /// <summary>Writes it; gives the number of receipts.</summary>
    /// <param name="scope">What it is about.</param>
    /// <param name="statement">The month's statement; null for a single payment.</param>
    /// <param name="output">The zip file.</param>
    public int Write(EvidenceScope scope, SignedStatement? statement, Stream output)
    {
        // INVARIANT: everything is as of one line, although a running system writes more meanwhile.
        var book = new EvidenceBook(scope);
        var last = statement?.Statement.JournalHead.Sequence ?? long.MaxValue;
        (long Sequence, Protocol.Bytes32 Hash) head = default;
        readJournal((line, _) =>
        {
            if (line.Sequence <= last)
            {
                book.Take(line);
                head = (line.Sequence, line.Hash);
            }
        });
        var receipts = book.Receipts();
        using var pack = new EvidencePack(output);
        pack.Add("HOW-TO.txt", Resource("HOW-TO.txt"));
        AddLines(pack, scope, head.Sequence);
        AddRest(pack, book, receipts, statement);
        pack.Seal(keys.Signer, json => WriteAbout(json, scope, head), time.GetUtcNow());
        return receipts.Count;
    }

    private void AddLines(EvidencePack pack, EvidenceScope scope, long last)
    {
        if (scope is EvidenceScope.OfPayment { Payment: var payment })
        {
            AddKeys(pack);
            pack.Add("lines.jsonl", write => ReadUpTo(last, line => SubjectOf(line) == payment, write));
        }
        else
        {
            pack.Add("journal.jsonl", write => ReadUpTo(last, _ => true, write));
            AddKeys(pack);
        }
    }

    private void AddRest(EvidencePack pack, EvidenceBook book, IReadOnlyList<ReceiptFacts> receipts, SignedStatement? statement)
    {
        foreach (var policy in book.Policies(receipts))
        {
            pack.Add($"policies/{policy.Hash.ToHex()}.json", Encoding.UTF8.GetBytes(policy.Text));
            pack.Add($"policies/{policy.Hash.ToHex()}.registry.json", Encoding.UTF8.GetBytes(policy.Registry));
        }

        pack.Add("proofs.json", ProofList.Write(receipts));
        var issuer = new ReceiptIssuer(keys, time);
        foreach (var receipt in receipts.Select(issuer.Issue))
        {
            pack.Add($"receipts/{receipt.Id}.jws", Encoding.ASCII.GetBytes(receipt.Jws));
        }

        if (statement is not null)
        {
            pack.Add("statement.json", statement.Payload);
            pack.Add("statement.jws", Encoding.ASCII.GetBytes(statement.Jws));
        }

        foreach (var name in Verifier)
        {
            pack.Add("verifier/" + name, Resource("verifier/" + name));
        }
    }

    private void AddKeys(EvidencePack pack) => pack.Add("keys.json", Encoding.ASCII.GetBytes(keys.Jwks));

    private void ReadUpTo(long last, Func<JournalLine, bool> isWanted, Action<ReadOnlySpan<byte>> write) => readJournal((line, bytes) =>
    {
        if (line.Sequence <= last && isWanted(line))
        {
            write(bytes);
            write("\n"u8);
        }
    });

    private static Protocol.PaymentId? SubjectOf(JournalLine line) => ReceiptMapping.SubjectOf(line.Entry)
        ?? (line.Entry is JournalEntry.Recorded { Event: var happened } ? BookedPayment.SubjectOf(happened) : null);

    private static void WriteAbout(Utf8JsonWriter json, EvidenceScope scope, (long Sequence, Protocol.Bytes32 Hash) head)
    {
        if (scope is EvidenceScope.OfMonth { Month: var month })
        {
            json.WriteString("kind", "evidence");
            json.WriteString("month", month.ToString());
            json.WriteString("timeZone", month.Zone.Id);
            json.WriteString("from", Time(month.Start));
            json.WriteString("until", Time(month.End));
        }
        else
        {
            json.WriteString("kind", "dispute");
            json.WriteString("payment", ((EvidenceScope.OfPayment)scope).Payment.Value);
        }

        json.WriteStartObject("journal");
        json.WriteNumber("sequence", head.Sequence);
        json.WriteString("hash", head.Hash.ToHex());
        json.WriteEndObject();
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(Receipt.TimeFormat, CultureInfo.InvariantCulture);

    private static byte[] Resource(string name)
    {
        using var stream = typeof(EvidenceMaker).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
