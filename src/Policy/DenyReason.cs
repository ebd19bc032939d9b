namespace SmartProxy.Policy;

/// <summary>Why a policy refuses. The wire word of each is its snake_case form and never changes.</summary>
public enum DenyReason
{
    /// <summary>No good policy is loaded.</summary>
    NoPolicy,

    /// <summary>The policy has no entry for this agent.</summary>
    UnknownAgent,

    /// <summary>A <c>deny</c> selector matches the host, its category or the recipient.</summary>
    Denied,

    /// <summary>No <c>allow</c> selector matches the host.</summary>
    MerchantNotAllowed,

    /// <summary>The agent's <c>schedule</c> is closed at this hour.</summary>
    OutsideSchedule,

    /// <summary>Payment over <c>http://</c> where the merchant does not say <c>allowCleartext</c>.</summary>
    CleartextNotAllowed,

    /// <summary>A method that is never paid, or only by a merchant's key.</summary>
    MethodNotPayable,

    NetworkNotAllowed,

    SchemeNotAllowed,

    /// <summary>The token is not in the asset registry, or not among the policy's <c>assets</c>.</summary>
    AssetNotAllowed,

    /// <summary>The seller states another EIP-712 name or version than the asset registry.</summary>
    AssetDomainMismatch,

    RecipientNotAllowed,

    /// <summary>More than 2^128−1 units, or zero.</summary>
    AmountOutOfRange,

    /// <summary>More than a <c>limits.payment</c>.</summary>
    AmountOverPaymentLimit,

    /// <summary>More than the agent's own <c>Smart-Proxy-Max-Price</c>.</summary>
    AmountOverMaxPrice,
}
