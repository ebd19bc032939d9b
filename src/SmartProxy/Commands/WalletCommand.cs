using System.CommandLine;
using System.Text;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>wallet new|import|list</c>: key files in the data folder, each with a password file next to it.</summary>
internal static class WalletCommand
{
    public static Command Build(CommandSeams seams) => new("wallet", "Make and show the accounts that pay.")
    {
        New(seams),
        Import(seams),
        List(seams),
    };

    private static Command New(CommandSeams seams)
    {
        var name = Name();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("new", "Make a wallet with a new key.") { name, data, json };
        command.SetAction(result =>
        {
            var folder = result.GetRequiredValue(data);
            var wallet = result.GetRequiredValue(name);
            RequireFree(folder, wallet);
            Show(result, wallet, WalletFolder.Create(seams.KeyFiles, seams.Random, folder, wallet), result.GetValue(json));
        });
        return command;
    }

    private static Command Import(CommandSeams seams)
    {
        var name = Name();
        var source = new Argument<string>("FILE") { Description = "A web3 key file (geth, Foundry, ethers), or a raw key in hex." };
        var password = new Option<string?>("--password-file") { Description = "The password of the key file; without one, FILE is a raw key.", HelpName = "FILE" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("import", "Take a key over into a wallet of its own password.") { name, source, password, data, json };
        command.SetAction(result =>
        {
            var folder = result.GetRequiredValue(data);
            var wallet = result.GetRequiredValue(name);
            RequireFree(folder, wallet);
            var (keyFile, passwordFile) = WalletFolder.PathsOf(folder, wallet);
            PrivateFile.WriteNew(passwordFile, Encoding.ASCII.GetBytes(AgentToken.Secret(seams.Random)));
            try
            {
                var address = seams.KeyFiles.Import(result.GetRequiredValue(source), result.GetValue(password), keyFile, passwordFile);
                Show(result, wallet, address, result.GetValue(json));
            }
            catch (OperatorException)
            {
                File.Delete(passwordFile);
                throw;
            }
        });
        return command;
    }

    private static Command List(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("list", "Show the wallets of the data folder.") { data, json };
        command.SetAction(result =>
        {
            var folder = result.GetRequiredValue(data);
            var files = Directory.Exists(folder.Wallets) ? Directory.GetFiles(folder.Wallets, "*.json").Order(StringComparer.Ordinal).ToArray() : [];
            var wallets = files.Select(file => (Name: Path.GetFileNameWithoutExtension(file), Address: seams.KeyFiles.AddressOf(file)?.ToString() ?? "unknown")).ToArray();
            if (!result.GetValue(json))
            {
                Printer.Columns(result.InvocationConfiguration.Output, ["WALLET", "ADDRESS"], [.. wallets.Select(wallet => (IReadOnlyList<string>)[wallet.Name, wallet.Address])]);
                return;
            }

            Printer.Json(result.InvocationConfiguration.Output, writer =>
            {
                writer.WriteStartArray();
                foreach (var (name, address) in wallets)
                {
                    writer.WriteStartObject();
                    writer.WriteString("wallet", name);
                    writer.WriteString("address", address);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
        });
        return command;
    }

    private static Argument<string> Name() => new("NAME")
    {
        Description = "The wallet's name, as policies call it.",
        CustomParser = static result =>
        {
            // The same characters as an agent's name: it becomes a file's name.
            if (!AgentId.TryParse(result.Tokens[0].Value, out var name))
            {
                result.AddError($"expected a wallet's name ({AgentId.Expected}), found `{Printable.Line(result.Tokens[0].Value, 80)}`");
            }

            return name.Value ?? "";
        },
    };

    private static void RequireFree(DataFolder data, string name)
    {
        _ = InstallationFile.Load(data);
        var (keyFile, passwordFile) = WalletFolder.PathsOf(data, name);
        if (File.Exists(keyFile) || File.Exists(passwordFile))
        {
            throw new OperatorException($"wallet `{name}` exists and is never overwritten; choose another name, see `smartproxy wallet list`", OperatorException.Failed);
        }
    }

    private static void Show(ParseResult result, string name, EvmAddress address, bool asJson)
    {
        var output = result.InvocationConfiguration.Output;
        if (!asJson)
        {
            output.WriteLine($"wallet {name}: {address}");
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartObject();
            json.WriteString("wallet", name);
            json.WriteString("address", address.ToString());
            json.WriteEndObject();
        });
    }
}
