using System.Globalization;

namespace SmartProxy.Storage;

/// <summary>
/// The right to a data folder: one process has it, until it ends in whatever way. Whoever opens a ledger shows it.
/// The lock is advisory (<c>flock</c>) and does not protect a folder on a network share.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private const string LockName = "lock";
    private const string OwnerName = "lock.owner";

    private readonly FileStream _stream;

    private FolderLock(string folder, FileStream stream) => (Folder, _stream) = (folder, stream);

    /// <summary>The data folder.</summary>
    public string Folder { get; }

    /// <summary>Whether a lock was ever taken in this folder: a copy of the ledger alone has none.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, LockName));

    /// <exception cref="LockedFolderException">Another process has the folder; the message names it in one line.</exception>
    public static FolderLock Acquire(string folder)
    {
        Directory.CreateDirectory(folder);
        FileStream stream;
        try
        {
            stream = new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new LockedFolderException($"the data folder `{folder}` is in use by process {OwnerOf(folder)}: stop it, or use another folder", e);
        }

        File.WriteAllText(Path.Combine(folder, OwnerName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new FolderLock(folder, stream);
    }

    public void Dispose() => _stream.Dispose();

    private static string OwnerOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, OwnerName));
        }
        catch (IOException)
        {
            return "(unknown)";
        }
    }
}

/// <summary>Another process uses the data folder.</summary>
internal sealed class LockedFolderException(string message, Exception inner) : Exception(message, inner);
