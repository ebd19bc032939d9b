using SmartProxy.Ledger;

namespace SmartProxy.Receipts;

/// <summary>The receipts of one payment, one after another, made from its journal lines in order.</summary>
/// <param name="Reserved">What was reserved.</param>
/// <param name="Line">Its line.</param>
internal sealed record ReceiptThread(JournalEntry.Reserved Reserved, JournalLine Line)
{
    /// <summary>What the last receipt said; null before the first.</summary>
    public ReceiptFacts? Last { get; private init; }

    private SellerPaper? Offer { get; init; }

    private SellerPaper? SellerReceipt { get; init; }

    /// <summary>The thread after a line about its payment; gives the receipt that the line makes, if any.</summary>
    public ReceiptThread After(JournalLine line, out ReceiptFacts? receipt)
    {
        receipt = null;
        if (line.Entry is JournalEntry.Recorded { Event: LedgerEvent.SellerSigned { Paper: var paper } })
        {
            return paper.Kind == SellerPaper.Offer ? this with { Offer = paper } : this with { SellerReceipt = paper };
        }

        if (ReceiptMapping.Of(Reserved, Line, line, Last) is not { } facts)
        {
            return this;
        }

        receipt = facts with { SellerOffer = Offer, SellerReceipt = SellerReceipt };
        return this with { Last = receipt };
    }
}
