using SmartProxy.Ledger;

namespace SmartProxy.Payments;

/// <summary>Why a person is asked, in words.</summary>
internal static class ApprovalWords
{
    private static readonly (ApprovalCauses Cause, string Words)[] All =
    [
        (ApprovalCauses.AmountAbove, "the price is above the rule's `above`"),
        (ApprovalCauses.NewRecipient, "nobody here has paid this recipient yet"),
        (ApprovalCauses.RecipientChanged, "the seller was paid at another recipient before"),
        (ApprovalCauses.NewHost, "nobody here has paid this host yet"),
        (ApprovalCauses.PriceDrift, "the price is far above the last one"),
    ];

    /// <summary>The causes that <paramref name="words"/> name; none for words that are not ours.</summary>
    public static ApprovalCauses In(string words) =>
        All.Where(entry => words.Contains(entry.Words, StringComparison.Ordinal)).Aggregate(ApprovalCauses.None, (causes, entry) => causes | entry.Cause);

    public static string Of(ApprovalCauses causes) => string.Join("; ", All.Where(entry => causes.HasFlag(entry.Cause)).Select(entry => entry.Words));
}
