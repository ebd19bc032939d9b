using System.Collections;
using System.CommandLine;
using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary>
/// <c>exec NAME -- CMD…</c>: becomes the command, with the agent's variables set. It is the same process, so the terminal, signals and exit
/// code are the command's own.
/// </summary>
internal static class ExecCommand
{
    /// <summary>A shell's exit codes for a command that is not there or can't be run.</summary>
    public const int NotFound = 127;
    public const int NotExecutable = 126;

    /// <summary>Tokens made by <c>exec</c> end by themselves: nobody is left to revoke them.</summary>
    private static readonly TimeSpan DefaultValidity = TimeSpan.FromDays(30);

    public static Command Build(CommandSeams seams)
    {
        var agent = CommonOptions.Agent();
        var words = new Argument<string[]>("CMD") { Description = "The command and its arguments, after `--`.", Arity = ArgumentArity.OneOrMore };
        var data = CommonOptions.Data();
        var token = new Option<string?>("--token") { Description = "The agent's token; without one, a new one is made.", HelpName = "TOKEN" };
        var expires = CommonOptions.Duration("--expires", "When the new token stops working, from now (30d).");
        var proxy = new Option<string?>("--proxy") { Description = "The proxy's URL, when it is not this machine's.", HelpName = "URL" };
        var command = new Command("exec", "Run a command as an agent: smartproxy exec me -- curl https://api.example/.") { agent, words, data, token, expires, proxy };
        command.SetAction(result =>
        {
            var name = result.GetRequiredValue(agent);
            var folder = result.GetRequiredValue(data);
            var commandLine = result.GetRequiredValue(words);
            var error = result.InvocationConfiguration.Error;
            var program = Find(commandLine[0]) ?? throw new OperatorException($"there is no command `{Printable.Line(commandLine[0], 80)}`; give its path, or put its folder into PATH", NotFound);
            if (!IsExecutable(program))
            {
                throw new OperatorException($"`{Printable.Line(program, 80)}` is not a program that may be executed; see `ls -l`", NotExecutable);
            }

            TrustBundle.Write(folder);
            var url = AgentEnvironment.ProxyOf(folder, result.GetValue(proxy));
            var secret = AgentEnvironment.TokenFor(seams, folder, name, result.GetValue(token), "exec", result.GetValue(expires) ?? DefaultValidity, error);
            var environment = Environment(AgentEnvironment.Variables(name, secret, url, folder.CertificateAuthority));
            error.Flush();
            var fault = seams.Become(program, commandLine, environment);
            return fault == 0 ? 0 : throw new OperatorException($"can't run `{Printable.Line(program, 80)}` (error {fault}); it has to be a program that this user may execute", NotExecutable);
        });
        return command;
    }

    private static string? Find(string command)
    {
        if (command.Contains('/', StringComparison.Ordinal))
        {
            return File.Exists(command) ? Path.GetFullPath(command) : null;
        }

        var folders = (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, command)).FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path)
        && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    // Ours win over what is set; the operator's own settings stay with the operator.
    private static List<string> Environment(IReadOnlyList<KeyValuePair<string, string>> ours)
    {
        var names = ours.Select(variable => variable.Key).ToHashSet(StringComparer.Ordinal);
        var inherited = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(entry => new KeyValuePair<string, string>((string)entry.Key, (string?)entry.Value ?? ""))
            .Where(entry => !names.Contains(entry.Key) && !entry.Key.StartsWith("SMARTPROXY__", StringComparison.OrdinalIgnoreCase));
        return [.. inherited.Concat(ours).Select(entry => $"{entry.Key}={entry.Value}")];
    }
}
