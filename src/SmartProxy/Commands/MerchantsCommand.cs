using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SmartProxy.Accounting.Merchants;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>merchants</c>: what sellers have done with the money. Reads the journal; the system may be running.</summary>
internal static class MerchantsCommand
{
    private static readonly string[] Heads = ["MERCHANT", "PAYMENTS", "USD", "PROVEN", "CLAIMED", "DOUBTFUL", "DISPROVED", "UNDELIVERED", "REFUSED", "PRICES", "ANSWER", "REFUNDS", "USD", "LAST RECIPIENT"];

    public static Command Build(CommandSeams seams)
    {
        var (data, since, json) = (CommonOptions.Data(), CommonOptions.Since(seams.Time), CommonOptions.Json());
        var command = new Command("merchants", "Score sellers: what they were paid, what they delivered, what came back.") { data, since, json };
        command.SetAction(result =>
        {
            var book = new MerchantBook(result.GetValue(since));
            seams.ReadJournal(result.GetRequiredValue(data), book.Take);
            if (result.GetValue(json))
            {
                Printer.Json(result.InvocationConfiguration.Output, writer => Write(writer, book.Cards()));
            }
            else
            {
                Printer.Columns(result.InvocationConfiguration.Output, Heads, [.. book.Cards().Select(Row)]);
            }

            return 0;
        });
        return command;
    }

    private static string[] Row(MerchantCard card) =>
    [
        Printable.Line(card.Name, 60), Number(card.Payments), card.Value.ToString(), Number(card.Proven), Number(card.Claimed), Number(card.Doubtful), Number(card.Disproved), Number(card.Undelivered),
        Number(card.RefusedAfterPayment), card.Price.Lowest == card.Price.Highest ? card.Price.Lowest.ToString() : $"{card.Price.Lowest}-{card.Price.Highest}",
        Milliseconds(card.MedianAnswer) is { } answer ? $"{answer} ms" : "-", Number(card.Refunds), card.Refunded.ToString(),
        card.Recipients == 1 ? card.LastRecipient.ToString() : $"{card.LastRecipient} (of {card.Recipients})",
    ];

    private static void Write(Utf8JsonWriter json, IReadOnlyList<MerchantCard> cards)
    {
        json.WriteStartObject();
        json.WriteStartArray("merchants");
        foreach (var card in cards)
        {
            json.WriteStartObject();
            json.WriteString("merchant", card.Name);
            json.WriteNumber("payments", card.Payments);
            json.WriteString("value", card.Value.ToString());
            json.WriteNumber("proven", card.Proven);
            json.WriteNumber("claimed", card.Claimed);
            json.WriteNumber("doubtful", card.Doubtful);
            json.WriteNumber("disproved", card.Disproved);
            json.WriteNumber("undelivered", card.Undelivered);
            json.WriteNumber("refusedAfterPayment", card.RefusedAfterPayment);
            json.WriteString("lowestPrice", card.Price.Lowest.ToString());
            json.WriteString("highestPrice", card.Price.Highest.ToString());
            json.WriteString("lastRecipient", card.LastRecipient.ToString());
            json.WriteNumber("recipients", card.Recipients);
            if (Milliseconds(card.MedianAnswer) is { } answer)
            {
                json.WriteNumber("medianAnswerMs", answer);
            }

            json.WriteNumber("refunds", card.Refunds);
            json.WriteString("refunded", card.Refunded.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static long? Milliseconds(TimeSpan? time) => time is { } known ? (long)known.TotalMilliseconds : null;

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
