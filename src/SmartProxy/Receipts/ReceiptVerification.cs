namespace SmartProxy.Receipts;

/// <summary>What became of checking a receipt.</summary>
internal abstract record ReceiptVerification
{
    private ReceiptVerification()
    {
    }

    /// <param name="Id">The receipt.</param>
    /// <param name="Kid">The key that signed it.</param>
    /// <param name="Payload">What it says, as JSON.</param>
    public sealed record Genuine(string Id, string Kid, string Payload) : ReceiptVerification;

    /// <param name="Flaw">Which kind.</param>
    /// <param name="Message">One line for people.</param>
    public sealed record Refused(ReceiptFlaw Flaw, string Message) : ReceiptVerification;
}

internal enum ReceiptFlaw
{
    /// <summary>Not a compact JWS, or not in its one canonical text.</summary>
    NotAReceipt,

    /// <summary>Another algorithm or type, or a member that we don't allow, such as <c>jwk</c> or <c>crit</c>.</summary>
    BadHeader,

    /// <summary>The key set isn't one.</summary>
    BadKeySet,

    /// <summary>The key set lacks the key.</summary>
    UnknownKey,

    /// <summary>Changed, or signed by another key.</summary>
    BadSignature,

    /// <summary>Well signed, but not a receipt of a version that we know.</summary>
    BadPayload,

    /// <summary>Issued before the key was in use, or after it was retired.</summary>
    KeyNotValidThen,

    /// <summary>The nonce isn't the Keccak-256 of the decision record.</summary>
    NonceMismatch,
}
