using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>The stable words that lines use for what is an enumeration in code. They never change; new ones may come.</summary>
internal static class JournalWords
{
    /// <summary>Why a person is asked, in the order in which causes are written.</summary>
    public static readonly (ApprovalCauses Cause, JsonEncodedText Word)[] Causes =
    [
        (ApprovalCauses.AmountAbove, JsonEncodedText.Encode("amount_above")),
        (ApprovalCauses.NewRecipient, JsonEncodedText.Encode("new_recipient")),
        (ApprovalCauses.RecipientChanged, JsonEncodedText.Encode("recipient_changed")),
        (ApprovalCauses.NewHost, JsonEncodedText.Encode("new_host")),
        (ApprovalCauses.PriceDrift, JsonEncodedText.Encode("price_drift")),
    ];

    private static readonly JsonEncodedText Dollars = JsonEncodedText.Encode("dollars");
    private static readonly JsonEncodedText Payments = JsonEncodedText.Encode("payments");
    private static readonly JsonEncodedText Recipients = JsonEncodedText.Encode("recipients");
    private static readonly JsonEncodedText Allows = JsonEncodedText.Encode("allows");
    private static readonly JsonEncodedText Limits = JsonEncodedText.Encode("limits");
    private static readonly JsonEncodedText Asks = JsonEncodedText.Encode("asks");
    private static readonly JsonEncodedText Refuses = JsonEncodedText.Encode("refuses");

    public static JsonEncodedText Of(SpendMeasure measure) => measure switch
    {
        SpendMeasure.Dollars => Dollars,
        SpendMeasure.Payments => Payments,
        SpendMeasure.Recipients => Recipients,
    };

    public static JsonEncodedText Of(TraceSaying saying) => saying switch
    {
        TraceSaying.Allows => Allows,
        TraceSaying.Limits => Limits,
        TraceSaying.Asks => Asks,
        TraceSaying.Refuses => Refuses,
    };

    // Dollars are never written: one spelling for each line.
    public static SpendMeasure Measure(string word) =>
        word == Payments.Value ? SpendMeasure.Payments
        : word == Recipients.Value ? SpendMeasure.Recipients
        : throw new FormatException($"`measure`: expected `{Payments}` or `{Recipients}`, found `{word}`");

    public static TraceSaying Saying(string word) =>
        word == Allows.Value ? TraceSaying.Allows
        : word == Limits.Value ? TraceSaying.Limits
        : word == Asks.Value ? TraceSaying.Asks
        : word == Refuses.Value ? TraceSaying.Refuses
        : throw new FormatException($"`trace`: expected `{Allows}`, `{Limits}`, `{Asks}` or `{Refuses}`, found `{word}`");

    public static ApprovalCauses Cause(string word)
    {
        foreach (var (cause, known) in Causes)
        {
            if (known.Value == word)
            {
                return cause;
            }
        }

        throw new FormatException($"`causes`: `{word}` is no known cause");
    }
}
