using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>What is written once and named from then on must be read back by its name, also beyond what has names.</summary>
public sealed class DigestFormatTests
{
    // More than have names: 65,536 texts, and as many kinds of payments.
    private const int Payments = 67_000;

    [Fact]
    public void Payments_of_more_kinds_than_have_names_are_read_back_as_they_were()
    {
        var (written, writer) = (Lines(Payments).ToArray(), new DigestWriter());
        foreach (var line in written)
        {
            writer.Add(line);
        }

        var reader = new DigestReader(payments: 1);
        var read = reader.Read(writer.Written);
        Assert.Equal(written.Select(Told), read.Select(Told));

        // A writer that goes on where the reader ended writes what the first one would have written.
        var next = new DigestWriter(reader);
        writer.Clear();
        foreach (var line in written[^3..].Select((line, at) => Moved(line, Payments + at)))
        {
            writer.Add(line);
            next.Add(line);
        }

        Assert.Equal(writer.Written, next.Written);
        Assert.Equal(Payments + 3, writer.Payments);
    }

    private static (long Sequence, DateTimeOffset At, PaymentId Id, PaymentFacts Facts, TransferTerms Terms, Bytes32 Nonce) Told(JournalLine line)
    {
        var reserved = (JournalEntry.Reserved)line.Entry;
        var terms = reserved.Authorization.Terms;
        return (line.Sequence, line.At, reserved.Id, reserved.Facts, terms with { DomainName = "", DomainVersion = "", Value = default, ValidAfter = 0 }, reserved.Authorization.Nonce);
    }

    // Each at a place of its own, but that some are the second one there and dearer.
    private static IEnumerable<JournalLine> Lines(int count)
    {
        var books = new Books();
        books.Pay("0.01", Books.Total("100.00"));
        var first = books.Lines.First(line => line.Entry is JournalEntry.Reserved);
        var entry = (JournalEntry.Reserved)first.Entry;
        return Enumerable.Range(0, count).Select(number => Moved(
            first with { Entry = entry with { Facts = entry.Facts with { Path = $"/{(number < 1000 ? number / 2 : number)}", Value = new Usd((UInt128)(10_000 + (number % 2))) } } }, number));
    }

    private static JournalLine Moved(JournalLine line, int number)
    {
        var entry = (JournalEntry.Reserved)line.Entry;
        Span<byte> random = stackalloc byte[10];
        BitConverter.TryWriteBytes(random, number);
        return line with { Sequence = number + 1, Entry = entry with { Id = PaymentId.Create(line.At, random) } };
    }
}
