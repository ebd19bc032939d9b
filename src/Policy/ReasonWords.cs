namespace SmartProxy.Policy;

/// <summary>The wire words of refusals. They never change: agents and reports match on them.</summary>
public static class ReasonWords
{
    /// <summary><see cref="DenyReason.AmountOverPaymentLimit"/> is <c>amount_over_payment_limit</c>.</summary>
    public static string Of(DenyReason reason) => reason switch
    {
        DenyReason.NoPolicy => "no_policy",
        DenyReason.UnknownAgent => "unknown_agent",
        DenyReason.Denied => "denied",
        DenyReason.MerchantNotAllowed => "merchant_not_allowed",
        DenyReason.CleartextNotAllowed => "cleartext_not_allowed",
        DenyReason.MethodNotPayable => "method_not_payable",
        DenyReason.NetworkNotAllowed => "network_not_allowed",
        DenyReason.SchemeNotAllowed => "scheme_not_allowed",
        DenyReason.AssetNotAllowed => "asset_not_allowed",
        DenyReason.AssetDomainMismatch => "asset_domain_mismatch",
        DenyReason.RecipientNotAllowed => "recipient_not_allowed",
        DenyReason.AmountOutOfRange => "amount_out_of_range",
        DenyReason.AmountOverPaymentLimit => "amount_over_payment_limit",
        DenyReason.AmountOverMaxPrice => "amount_over_max_price",
    };
}
