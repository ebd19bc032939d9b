using System.Globalization;
using SmartProxy.Protocol;

namespace SmartProxy.Receipts;

/// <summary>The ids of receipts: <c>rcpt_</c> and the payment's for the first one, and <c>.2</c>, <c>.3</c> … for those that supersede it.</summary>
internal static class ReceiptId
{
    public const string Prefix = "rcpt_";

    // More than a payment can have: in doubt, delivered after all, not delivered after all, claimed, voided, proven.
    private const int MaxNumber = 9;

    public static string Of(PaymentId payment, int number = 1) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{payment}{(number == 1 ? "" : $".{number}")}");

    /// <summary>Reads <c>rcpt_…</c>, with or without the suffix of a later one.</summary>
    public static bool TryParse(string text, out PaymentId payment)
    {
        payment = default;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || !PaymentId.TryParse(text[Prefix.Length..].Split('.')[0], out var id))
        {
            return false;
        }

        payment = id;
        return Enumerable.Range(1, MaxNumber).Any(number => text == Of(id, number));
    }
}
