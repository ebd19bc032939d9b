using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Storage;

namespace SmartProxy.Faults.Tests;

/// <summary>What must hold of the books after any crash, whoever died at what.</summary>
internal static class Evidence
{
    /// <summary>
    /// Settles what the crash left, as a start does, and checks: the journal verifies; every payment that an agent was told of is in it; every signature
    /// that a seller got was reserved in it; and no more was reserved than the limit holds.
    /// </summary>
    /// <param name="installation">The stopped system.</param>
    /// <param name="receipts">Ids of the receipts that agents were given.</param>
    /// <param name="nonces">Nonces that reached sellers.</param>
    /// <param name="most">The most payments that the agent's limit holds.</param>
    /// <returns>How many payments are reserved.</returns>
    public static async Task<int> CheckAsync(Installation installation, IEnumerable<string> receipts, IEnumerable<string> nonces, int most)
    {
        await installation.RecoverAsync();
        var lines = new List<JournalLine>();
        Assert.Null(LedgerVerify.Check(installation.Data.Path, lines.Add).Problem);
        var reserved = lines.Select(line => line.Entry).OfType<JournalEntry.Reserved>().ToList();
        var ids = reserved.Select(payment => payment.Id).ToHashSet();
        var known = reserved.Select(payment => payment.Authorization.Nonce.ToString()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.All(receipts, receipt => Assert.Contains(IdOf(receipt), ids));
        Assert.All(nonces, nonce => Assert.Contains(nonce, known));
        Assert.True(reserved.Count <= most, $"{reserved.Count} payments are reserved, and the limit holds {most}");
        return reserved.Count;
    }

    private static PaymentId IdOf(string receipt) => ReceiptId.TryParse(receipt, out var payment) ? payment : throw new FormatException(receipt);
}
