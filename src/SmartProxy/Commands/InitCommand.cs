using System.CommandLine;
using System.CommandLine.Parsing;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>init</c>: makes everything that a first paid request needs, once, and never over something that exists.</summary>
internal static class InitCommand
{
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
            var made = await seams.Installer.MakeAsync(result.GetRequiredValue(data), Path.GetFullPath(result.GetRequiredValue(policy)), result.GetRequiredValue(network), result.GetValue(permitted) ?? []);
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

    private static void PrintJson(TextWriter output, NewInstallation made) => Printer.Json(output, json =>
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

    private static void PrintSteps(TextWriter output, NewInstallation made)
    {
        var isHere = made.Data.Path == Path.GetFullPath("data") && made.Policy == Path.GetFullPath("policies.json");
        var data = isHere ? "" : $" --data {made.Data}";
        output.WriteLine($"""
            Made in {made.Data} for {made.Network.Name} ({(made.Mode == InstallationMode.Test ? "test money" : "REAL money")}):
              certificate authority   {made.Data.CaCertificate}
              wallet `{Installer.FirstWallet}`           {made.Wallet}
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
