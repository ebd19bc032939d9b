using System.CommandLine;
using SmartProxy.Connections;
using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>ca show|rotate|retire</c>: which authorities agents should trust, and the change from one to the next without a gap.</summary>
internal static class CaCommand
{
    public static Command Build(CommandSeams seams) => new("ca", "Show and replace the certificate authority that agents trust.")
    {
        Make("show", "Print the authorities that agents should trust.", (data, _) => seams.Authorities.List(data)),
        Rotate(seams),
        Make("retire", "Let go of the authority whose successor signs; agents that trust only it are lost.", (data, _) => Rebundled(data, seams.Authorities.Retire(data))),
    };

    private static Command Rotate(CommandSeams seams)
    {
        var after = CommonOptions.Duration("--after", "When the new authority begins to sign, from now; give agents that long to fetch ca.pem (0s).");
        var command = Make(
            "rotate",
            "Make a successor; ca.pem holds both until `ca retire`.",
            (data, result) => Rebundled(data, seams.Authorities.Rotate(data, result.GetValue(after) ?? TimeSpan.Zero)));
        command.Options.Add(after);
        return command;
    }

    private static Command Make(string name, string description, Func<DataFolder, ParseResult, IReadOnlyList<AuthorityLine>> act)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command(name, description) { data, json };
        command.SetAction(result => Show(result.InvocationConfiguration.Output, act(result.GetRequiredValue(data), result), result.GetValue(json)));
        return command;
    }

    // Agents on this machine read the bundle: it changes with what they should trust.
    private static IReadOnlyList<AuthorityLine> Rebundled(DataFolder data, IReadOnlyList<AuthorityLine> lines)
    {
        TrustBundle.Write(data);
        return lines;
    }

    private static void Show(TextWriter output, IReadOnlyList<AuthorityLine> lines, bool asJson)
    {
        if (!asJson)
        {
            Printer.Columns(
                output,
                ["SHA-256", "signs leaves", "valid until"],
                [.. lines.Select(line => new[] { line.Fingerprint, line.Signs ? "now" : $"{line.SignsFrom:u}", $"{line.ValidUntil:u}" })]);
            return;
        }

        Printer.Json(output, json =>
        {
            json.WriteStartArray();
            foreach (var line in lines)
            {
                json.WriteStartObject();
                json.WriteString("sha256", line.Fingerprint);
                json.WriteBoolean("signs", line.Signs);
                json.WriteString("signsFrom", line.SignsFrom);
                json.WriteString("validUntil", line.ValidUntil);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }
}
