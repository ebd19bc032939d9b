using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>init</c>: makes everything that a first paid request needs, once, and never over something that exists.</summary>
internal static class InitCommand
{
    private const string FirstAgent = "me";
    private const string FirstWallet = "main";

    public static Command Build(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var policy = new Option<string>("--policy") { Description = "The policy file to write.", HelpName = "FILE", DefaultValueFactory = _ => "policies.json" };
        var network = new Option<string>("--network") { Description = "Where payments are made.", HelpName = "NAME", DefaultValueFactory = _ => "base-sepolia" };
        var permitted = Permitted();
        var json = CommonOptions.Json();
        var command = new Command("init", "Make keys, a wallet, an agent `me` and a policy with small caps.") { data, policy, network, permitted, json };
        command.SetAction(async (result, _) =>
        {
            var made = await MakeAsync(seams, result.GetRequiredValue(data), Path.GetFullPath(result.GetRequiredValue(policy)), result.GetRequiredValue(network), result.GetValue(permitted) ?? []);
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
            {
                PrintJson(output, made);
            }
            else
            {
                PrintSteps(output, made);
            }

            return 0;
        });
        return command;
    }

    internal static async Task<InitResult> MakeAsync(CommandSeams seams, DataFolder data, string policy, string networkText, IReadOnlyList<string>? permitted = null)
    {
        var network = seams.FindNetwork(networkText)
            ?? throw new OperatorException($"expected a network such as `base-sepolia`, `base` or `eip155:8453`, found `{Printable.Line(networkText, 60)}`");
        RefuseOverwriting(data, policy);
        try
        {
            data.Make();
            return await MakeAllAsync(seams, data, policy, network, permitted ?? []);
        }
        catch
        {
            // The folder was empty, so all of it is ours; half an installation would only look like one.
            Clear(data);
            throw;
        }
    }

    private static async Task<InitResult> MakeAllAsync(CommandSeams seams, DataFolder data, string policy, NetworkName network, IReadOnlyList<string> permitted)
    {
        foreach (var folder in new[] { data.CertificateAuthority, data.Wallets, data.ReceiptsKey, data.Ledger })
        {
            PrivateFile.MakeFolder(folder);
        }

        seams.Authorities.Create(data, permitted);
        seams.CreateReceiptsKey(data.ReceiptsKey);
        var wallet = WalletCommand.Create(seams, data, FirstWallet);
        var credentials = new CredentialFile(data.Credentials);
        credentials.Create();
        var agent = new AgentId(FirstAgent);
        var token = new CredentialEditor(credentials, seams.Time, seams.Random).Add(agent, "init");
        AdminToken.Create(data.AdminToken, seams.Random);

        await seams.CreateLedger(data);

        var mode = network.IsTest ? InstallationMode.Test : InstallationMode.Live;
        InstallationFile.Record(data, mode, network.Chain, policy, seams.Time.GetUtcNow());
        WritePolicy(policy, network);
        return new InitResult(data, policy, network, mode, wallet, agent, token);
    }

    private static Option<string[]> Permitted() => new("--ca-permitted")
    {
        Description = "Domains that the certificate authority may sign for, with all names below them; without any, all names.",
        HelpName = "DOMAIN",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = static result => [.. result.Tokens.Select(token => ReadDomain(result, token.Value))],
    };

    private static string ReadDomain(ArgumentResult result, string text)
    {
        if (!HostName.TryParse(text, out var domain) || domain.IsAddress)
        {
            result.AddError($"expected a domain such as `example.com` after --ca-permitted, found `{Printable.Line(text, 60)}`");
        }

        return domain.Value ?? "";
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

    private static void PrintJson(TextWriter output, InitResult made) => Printer.Json(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("data", made.Data.Path);
        json.WriteString("policy", made.Policy);
        json.WriteString("network", made.Network.Chain.ToString());
        json.WriteString("mode", made.Mode == InstallationMode.Test ? "test" : "live");
        json.WriteString("wallet", made.Wallet.ToString());
        json.WriteString("ca", made.Data.CaCertificate);
        json.WriteString("agent", made.Agent.Value);
        json.WriteString("token", made.Token.Reveal());
        json.WriteEndObject();
    });

    private static void PrintSteps(TextWriter output, InitResult made)
    {
        var isHere = made.Data.Path == Path.GetFullPath("data") && made.Policy == Path.GetFullPath("policies.json");
        var data = isHere ? "" : $" --data {made.Data}";
        output.WriteLine($"""
            Made in {made.Data} for {made.Network.Name} ({(made.Mode == InstallationMode.Test ? "test money" : "REAL money")}):
              certificate authority   {made.Data.CaCertificate}
              wallet `{FirstWallet}`           {made.Wallet}
              policy                  {made.Policy} (at most 0.05 a payment, 1.00 a day, 20.00 in all)
              agent `{made.Agent}`              {made.Token.Reveal()}
            The agent's token is shown this once; `smartproxy agent rotate {made.Agent}{data}` makes another.

            Next:
              1. send USDC on {made.Network.Name} to {made.Wallet}
              2. smartproxy run{(isHere ? "" : $"{data} --policy {made.Policy}")}
              3. smartproxy exec {made.Agent}{data} -- curl https://an-api-that-charges.example/
            """);
    }
}

/// <param name="Data">The folder.</param>
/// <param name="Policy">The policy file.</param>
/// <param name="Network">The network.</param>
/// <param name="Mode">Test or live.</param>
/// <param name="Wallet">The account that pays.</param>
/// <param name="Agent">The first agent.</param>
/// <param name="Token">Its token.</param>
internal sealed record InitResult(DataFolder Data, string Policy, NetworkName Network, InstallationMode Mode, EvmAddress Wallet, AgentId Agent, AgentToken Token);
