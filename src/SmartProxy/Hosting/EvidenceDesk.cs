using SmartProxy.Accounting.Evidence;
using SmartProxy.Installation;

namespace SmartProxy.Hosting;

/// <summary>Writes evidence files of a data folder, running or stopped.</summary>
internal sealed class EvidenceDesk(TimeProvider time)
{
    /// <summary>Gives the number of receipts in it.</summary>
    /// <exception cref="OperatorException">The journal or the key can't be read, there is no such payment, or the file is there already.</exception>
    public int Write(EvidenceOrder order)
    {
        using var keys = StatementDesk.LoadKeys(order.Data);
        using var file = OpenNew(order.File);
        try
        {
            var count = new EvidenceMaker(seen => Seams.ReadJournal(order.Data, seen), keys, time).Write(order.Scope, order.Statement, file);
            return count > 0 || order.Scope is EvidenceScope.OfMonth ? count : throw Missing(order);
        }
        catch
        {
            // Half a file is no evidence.
            file.Dispose();
            File.Delete(order.File);
            throw;
        }
    }

    private static OperatorException Missing(EvidenceOrder order) =>
        new($"`{order.Data}` has no payment or refusal with this receipt, or its outcome is still open", OperatorException.Failed);

    // INVARIANT: evidence never replaces evidence.
    private static FileStream OpenNew(string path)
    {
        try
        {
            return new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
        }
        catch (IOException fault) when (File.Exists(path))
        {
            throw new OperatorException($"`{path}` is there already: name another file after --to, or move it away", inner: fault);
        }
    }
}
