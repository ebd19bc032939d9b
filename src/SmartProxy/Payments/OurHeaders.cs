using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>The headers that only we write; whatever an origin or an agent sends under these names is removed.</summary>
internal static class OurHeaders
{
    /// <summary>The id of the receipt that this answer led to.</summary>
    public const string Receipt = "Smart-Proxy-Receipt";

    /// <summary>What was paid for this answer, and what is left.</summary>
    public const string Paid = "Smart-Proxy-Paid";

    /// <summary>On a 402 that we passed on: why it could not be paid, and what it offered.</summary>
    public const string Unpaid = "Smart-Proxy-Unpaid";
}

/// <summary>The first receipt of a decision carries its id; the one that states a final outcome follows with <c>.2</c>.</summary>
internal static class ReceiptIds
{
    private const string Prefix = "rcpt_";

    public static string Of(PaymentId id) => Prefix + id.Value;
}
