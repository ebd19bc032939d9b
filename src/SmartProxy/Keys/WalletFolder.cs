using System.Text;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Protocol;

namespace SmartProxy.Keys;

/// <summary>The wallets of a data folder: key files, each with a password file next to it, all 0600.</summary>
internal static class WalletFolder
{
    /// <summary>A new key file and a generated password file. Returns the address.</summary>
    public static EvmAddress Create(IKeyFiles keyFiles, IRandomSource random, DataFolder data, string name)
    {
        var (keyFile, passwordFile) = PathsOf(data, name);
        PrivateFile.WriteNew(passwordFile, Encoding.ASCII.GetBytes(AgentToken.Secret(random)));
        return keyFiles.Create(keyFile, passwordFile);
    }

    public static (string KeyFile, string PasswordFile) PathsOf(DataFolder data, string name) =>
        (Path.Combine(data.Wallets, name + ".json"), Path.Combine(data.Wallets, name + ".password"));
}
