using System.CommandLine;
using SmartProxy.Hosting;
using SmartProxy.Options;

namespace SmartProxy.Commands;

/// <summary><c>run</c>: serves until SIGINT or SIGTERM.</summary>
internal static class RunCommand
{
    public static Command Build(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var policy = new Option<string>("--policy") { Description = "The policy file, or a folder of them.", HelpName = "PATH", DefaultValueFactory = _ => "policies.json" };
        var listen = new Option<string?>("--listen") { Description = "Where agents connect (127.0.0.1:8402).", HelpName = "ADDRESS" };
        var admin = new Option<string?>("--admin") { Description = "Where the operator connects (127.0.0.1:8403).", HelpName = "ADDRESS" };
        var config = CommonOptions.Config();
        var insecure = new Option<bool>("--insecure-listen") { Description = "Allow addresses that other machines reach without encryption." };
        var devKey = new Option<bool>("--insecure-dev-key") { Description = $"Sign with the raw key in {WalletLoader.DevKeyVariable} in place of the wallets." };
        var command = new Command("run", "Serve agents and the operator.") { data, policy, listen, admin, config, insecure, devKey };
        command.SetAction((result, cancellationToken) =>
        {
            var flags = Flags(result.GetValue(listen), result.GetValue(admin), result.GetValue(insecure));
            var settings = RunSettings.Load(result.GetRequiredValue(data), result.GetRequiredValue(policy), result.GetValue(config), flags) with { UsesDevKey = result.GetValue(devKey), Hurry = seams.Hurry };
            return seams.Run(settings, cancellationToken);
        });
        return command;
    }

    internal static IEnumerable<KeyValuePair<string, string?>> Flags(string? listen, string? admin, bool insecure)
    {
        if (listen is not null)
        {
            yield return new($"{OptionsReader.Section}:Listen:Proxy", listen);
        }

        if (admin is not null)
        {
            yield return new($"{OptionsReader.Section}:Listen:Admin", admin);
        }

        if (insecure)
        {
            yield return new($"{OptionsReader.Section}:Listen:AllowInsecure", "true");
        }
    }
}
