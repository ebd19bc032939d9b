namespace SmartProxy.Protocol.X402;

/// <summary>The header that carries a payment, or why there is none.</summary>
public abstract record PaymentHeader
{
    private PaymentHeader()
    {
    }

    /// <param name="Name"><c>PAYMENT-SIGNATURE</c> (version 2) or <c>X-PAYMENT</c> (version 1).</param>
    /// <param name="Value">Base64 of the payment document: a bearer instrument until it expires, so it never gets into a log.</param>
    public sealed record Written(string Name, string Value) : PaymentHeader
    {
        public override string ToString() => $"{Name}: (secret)";
    }

    /// <summary>The seller's terms have to be echoed and make a header that servers answer with 431.</summary>
    /// <param name="Length">Its length in characters, over <see cref="X402Writer.MaxLength"/>.</param>
    public sealed record TooLarge(int Length) : PaymentHeader
    {
        public const string Reason = "payment_header_too_large";
    }
}
