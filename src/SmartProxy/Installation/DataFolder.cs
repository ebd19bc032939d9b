namespace SmartProxy.Installation;

/// <summary>
/// Where everything of one installation lies; only its owner can enter it. One process uses it at a time (the ledger holds the lock), while
/// commands read it and change <c>credentials.json</c>.
/// </summary>
internal sealed class DataFolder(string path)
{
    /// <summary>The full path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>What <c>init</c> made, so that nothing of it is ever silently made again.</summary>
    public string Installation => In("installation.json");

    public string CertificateAuthority => In("ca");

    /// <summary>The certificate that agents trust.</summary>
    public string CaCertificate => In("ca", "ca.pem");

    /// <summary>System roots and ours, for clients whose setting replaces the system's.</summary>
    public string CaBundle => In("ca", "bundle.pem");

    public string Wallets => In("wallets");

    public string ReceiptsKey => In("receipts-key");

    public string Credentials => In("credentials.json");

    public string AdminToken => In("admin-token");

    public string Ledger => In("ledger");

    public string Index => In("index.db");

    /// <summary>Addresses and admin token of the running process.</summary>
    public string Run => In("run.json");

    public string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Whether there is nothing in it yet, or it does not exist.</summary>
    public bool IsEmpty => !Directory.Exists(Path) || !Directory.EnumerateFileSystemEntries(Path).Any(entry => System.IO.Path.GetFileName(entry) != "lost+found");

    /// <summary>Makes the folder, for its owner only.</summary>
    public void Make()
    {
        PrivateFile.MakeFolder(Path);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    public override string ToString() => Path;
}
