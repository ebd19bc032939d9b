using System.CommandLine;
using SmartProxy.Installation;
using SmartProxy.Protocol;

namespace SmartProxy.Commands;

/// <summary><c>env</c>: the lines that point an agent at the proxy, for a shell, a file, a container or a cluster.</summary>
internal static class EnvCommand
{
    private const string MountedAt = "/etc/smartproxy";

    private static readonly string[] Caveats =
    [
        "Java reads none of these: set -Dhttps.proxyHost and -Dhttps.proxyPort, and import ca.pem with `keytool -importcert -cacerts`.",
        "Node before 22.21 and 24.5 ignores NODE_USE_ENV_PROXY: give its clients a proxy agent.",
        "SSL_CERT_FILE replaces the system's roots, so the bundle holds them too; run this again when they change.",
    ];

    private const string HttpsCaveat = "No variable tells curl whom to trust as an https proxy: add `--proxy-cacert ca.pem`, or `proxy-cacert` to ~/.curlrc.";

    public static Command Build(CommandSeams seams)
    {
        var agent = CommonOptions.Agent();
        var data = CommonOptions.Data();
        var format = new Option<string>("--format") { Description = "shell, dotenv, docker or k8s.", DefaultValueFactory = _ => "shell" };
        format.AcceptOnlyFromAmong("shell", "dotenv", "docker", "k8s");
        var token = new Option<string?>("--token") { Description = "The agent's token; without one, a new one is made.", HelpName = "TOKEN" };
        var expires = CommonOptions.Duration("--expires", "When the new token stops working, from now.");
        var proxy = new Option<string?>("--proxy") { Description = "The proxy as the agent reaches it: http://proxy:8402.", HelpName = "URL" };
        var mount = new Option<string?>("--ca-dir") { Description = $"Where the agent finds ca.pem and bundle.pem (docker, k8s: {MountedAt}).", HelpName = "DIR" };
        var command = new Command("env", "Print the variables that make clients use the proxy: eval \"$(smartproxy env me)\".") { agent, data, format, token, expires, proxy, mount };
        command.SetAction(result =>
        {
            var name = result.GetRequiredValue(agent);
            var folder = result.GetRequiredValue(data);
            var style = result.GetRequiredValue(format);
            var error = result.InvocationConfiguration.Error;
            TrustBundle.Write(folder);
            var url = AgentEnvironment.ProxyOf(folder, result.GetValue(proxy));
            if (style is "docker" or "k8s" && url.IsLoopback)
            {
                error.WriteLine($"smartproxy: {url.GetLeftPart(UriPartial.Authority)} is reached from this machine alone; say how the container reaches the proxy with `--proxy http://NAME:PORT`");
            }

            var secret = AgentEnvironment.TokenFor(seams, folder, name, result.GetValue(token), "env", result.GetValue(expires), error);
            AgentCommand.WarnWhenUnknown(seams, folder, null, name, error);
            var caFolder = result.GetValue(mount) ?? (style is "docker" or "k8s" ? MountedAt : folder.CertificateAuthority);
            Print(result.InvocationConfiguration.Output, style, name, AgentEnvironment.Variables(name, secret, url, caFolder), url, folder);
        });
        return command;
    }

    private static void Print(TextWriter output, string style, AgentId agent, IReadOnlyList<KeyValuePair<string, string>> variables, Uri proxy, DataFolder data)
    {
        if (style is "docker" or "k8s")
        {
            output.WriteLine($"# Give the container ca.pem and bundle.pem of {data.CertificateAuthority} where the paths below point.");
        }

        foreach (var caveat in proxy.Scheme == Uri.UriSchemeHttps ? Caveats.Append(HttpsCaveat) : Caveats)
        {
            output.WriteLine("# " + caveat);
        }

        if (style == "k8s")
        {
            output.WriteLine($"# Use it with `envFrom: [{{ secretRef: {{ name: {SecretName(agent)} }} }}]`.");
            output.WriteLine($"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {SecretName(agent)}\ntype: Opaque\nstringData:");
        }

        foreach (var (name, value) in variables)
        {
            output.WriteLine(style switch
            {
                "shell" => $"export {name}={Quote(value)}",
                "dotenv" => $"{name}={Quote(value)}",
                "docker" => $"{name}={value}",
                _ => $"  {name}: '{value.Replace("'", "''", StringComparison.Ordinal)}'",
            });
        }
    }

    private static string Quote(string value) => $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // RFC 1123 subdomain: an agent's name but for the underscore.
    private static string SecretName(AgentId agent) => "smartproxy-" + agent.Value.Replace('_', '-').TrimEnd('-', '.');
}
