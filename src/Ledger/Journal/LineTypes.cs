namespace SmartProxy.Ledger;

/// <summary>The words of <c>type</c>.</summary>
internal static class LineTypes
{
    public const string Opened = "opened";
    public const string Policy = "policy";
    public const string Reserved = "reserved";
    public const string Sent = "sent";
    public const string Settled = "settled";
    public const string InDoubt = "in_doubt";
    public const string Undelivered = "undelivered";
    public const string SellerSigned = "seller_signed";
    public const string Refunded = "refunded";
    public const string Aborted = "aborted";
    public const string Proven = "proven";
    public const string Expired = "expired";
    public const string Voided = "voided";
    public const string Drift = "drift";
    public const string RollbackAccepted = "rollback_accepted";
    public const string Refused = "refused";
    public const string Frozen = "frozen";
    public const string Unfrozen = "unfrozen";
    public const string ApprovalRequested = "approval_requested";
    public const string ApprovalAnswered = "approval_answered";
    public const string Granted = "granted";
    public const string GrantRevoked = "grant_revoked";
}
