using System.Text;
using SmartProxy.Connections;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Hosting;

/// <summary>Makes everything that a first paid request needs, once, and never over something that exists.</summary>
/// <param name="findNetwork">A network by its short name or CAIP-2 id, or null.</param>
/// <param name="authorities">Makes the certificate authority.</param>
/// <param name="keyFiles">Makes the first wallet.</param>
/// <param name="createReceiptsKey">Makes the key that receipts are signed with, in this folder.</param>
/// <param name="createLedger">Writes the first line of the journal.</param>
/// <param name="time">When the first token and the installation were made.</param>
/// <param name="random">Chance for tokens and passwords.</param>
internal sealed class Installer(
    Func<string, NetworkName?> findNetwork, IAuthorityFiles authorities, IKeyFiles keyFiles, Action<string> createReceiptsKey, Func<DataFolder, ValueTask> createLedger, TimeProvider time, IRandomSource random)
{
    public const string FirstWallet = "main";
    private const string FirstAgent = "me";

    /// <param name="data">The folder; empty, or not there yet.</param>
    /// <param name="policy">The policy file to write, full path.</param>
    /// <param name="networkText">Where payments are made, by its short name or CAIP-2 id.</param>
    /// <param name="permitted">Domains below which the certificate authority may sign; empty for all names.</param>
    /// <exception cref="OperatorException">No such network, or something is there already.</exception>
    public async Task<NewInstallation> MakeAsync(DataFolder data, string policy, string networkText, IReadOnlyList<string>? permitted = null)
    {
        var network = findNetwork(networkText)
            ?? throw new OperatorException($"expected a network such as `base-sepolia`, `base` or `eip155:8453`, found `{Printable.Line(networkText, 60)}`");
        RefuseOverwriting(data, policy);
        try
        {
            data.Make();
            return await MakeAllAsync(data, policy, network, permitted ?? []);
        }
        catch
        {
            // The folder was empty, so all of it is ours; half an installation would only look like one.
            Clear(data);
            throw;
        }
    }

    private async Task<NewInstallation> MakeAllAsync(DataFolder data, string policy, NetworkName network, IReadOnlyList<string> permitted)
    {
        foreach (var folder in new[] { data.CertificateAuthority, data.Wallets, data.ReceiptsKey, data.Ledger })
        {
            PrivateFile.MakeFolder(folder);
        }

        authorities.Create(data, permitted);
        createReceiptsKey(data.ReceiptsKey);
        var wallet = WalletFolder.Create(keyFiles, random, data, FirstWallet);
        var credentials = new CredentialFile(data.Credentials);
        credentials.Create();
        var agent = new AgentId(FirstAgent);
        var token = new CredentialEditor(credentials, time, random).Add(agent, "init");
        AdminToken.Create(data.AdminToken, random);

        await createLedger(data);

        var mode = network.IsTest ? InstallationMode.Test : InstallationMode.Live;
        InstallationFile.Record(data, mode, network.Chain, policy, time.GetUtcNow());
        WritePolicy(policy, network);
        return new NewInstallation(data, policy, network, mode, wallet, agent, token);
    }

    private static void RefuseOverwriting(DataFolder data, string policy)
    {
        if (!data.IsEmpty)
        {
            throw new OperatorException($"`{data}` is not empty, and nothing in it is overwritten; choose another folder with `--data`", OperatorException.Failed);
        }

        if (File.Exists(policy) || Directory.Exists(policy))
        {
            throw new OperatorException($"`{policy}` exists and is not overwritten; choose another file with `--policy`", OperatorException.Failed);
        }
    }

    private static void WritePolicy(string path, NetworkName network)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes($$"""
            {
              // What agents may spend. Money is text in US dollars. `smartproxy policy check {{Path.GetFileName(path)}}` says it in words.
              "networks": ["{{network.Name}}"],
              "agents": {
                "{{FirstAgent}}": { "allow": ["*"], "limits": { "payment": "0.05", "day": "1.00", "total": "20.00" } }
              }
            }

            """));
    }

    private static void Clear(DataFolder data)
    {
        foreach (var folder in Directory.EnumerateDirectories(data.Path).Where(folder => Path.GetFileName(folder) != "lost+found"))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(data.Path))
        {
            File.Delete(file);
        }
    }
}

/// <summary>What was made.</summary>
/// <param name="Data">The folder.</param>
/// <param name="Policy">The policy file.</param>
/// <param name="Network">The network.</param>
/// <param name="Mode">Test or live.</param>
/// <param name="Wallet">The account that pays.</param>
/// <param name="Agent">The first agent.</param>
/// <param name="Token">Its token.</param>
internal sealed record NewInstallation(DataFolder Data, string Policy, NetworkName Network, InstallationMode Mode, EvmAddress Wallet, AgentId Agent, AgentToken Token);

/// <summary>A chain as people call it.</summary>
/// <param name="Name">The name that policy files use: <c>base-sepolia</c>.</param>
/// <param name="Chain">Its id.</param>
/// <param name="IsTest">Whether its money is play money.</param>
internal sealed record NetworkName(string Name, ChainId Chain, bool IsTest);
