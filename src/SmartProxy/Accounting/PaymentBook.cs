using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting;

/// <summary>Payments of a journal, taken in line by line; a million of them fit in memory, because what only a verifier needs is left out.</summary>
/// <param name="isWanted">Which reservations are retained.</param>
internal sealed class PaymentBook(Func<JournalEntry.Reserved, DateTimeOffset, bool> isWanted)
{
    private readonly Dictionary<PaymentId, BookedPayment> _payments = [];

    /// <summary>In no order.</summary>
    public IReadOnlyCollection<BookedPayment> Payments => _payments.Values;

    public BookedPayment? Find(PaymentId id) => _payments.GetValueOrDefault(id);

    public void Remove(PaymentId id) => _payments.Remove(id);

    /// <summary>Takes in the next line; gives the payment as it stands after it, or null when the line is about none that is retained.</summary>
    public BookedPayment? Take(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved when isWanted(reserved, line.At):
                return _payments[reserved.Id] = new BookedPayment(Slim(reserved), line.At);
            case JournalEntry.Recorded { Event: var happened } when BookedPayment.SubjectOf(happened) is { } id && Find(id) is { } payment:
                return _payments[id] = payment.After(happened, line.At);
            default:
                return null;
        }
    }

    private static JournalEntry.Reserved Slim(JournalEntry.Reserved reserved) =>
        reserved with { DecisionRecord = "", Lines = [], Context = reserved.Context with { Trace = [], Shadow = null } };
}
