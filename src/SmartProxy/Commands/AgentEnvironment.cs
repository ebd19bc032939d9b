using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary>
/// The variables that make unmodified clients use the proxy and trust its CA. Most of them replace the system's roots, so they point to a
/// bundle of those and ours; Node's adds to its own.
/// </summary>
internal static class AgentEnvironment
{
    private static readonly string[] ProxyNames = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];

    /// <summary>curl and OpenSSL, Python requests, curl again, git, AWS tools, Rust and others.</summary>
    private static readonly string[] BundleNames = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"];

    private static readonly string[] NoProxyNames = ["NO_PROXY", "no_proxy"];

    /// <param name="agent">The agent.</param>
    /// <param name="token">Its token.</param>
    /// <param name="proxy">The proxy's URL without credentials.</param>
    /// <param name="caFolder">Where the agent finds <c>ca.pem</c> and <c>bundle.pem</c>.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Variables(AgentId agent, string token, Uri proxy, string caFolder)
    {
        var url = $"{proxy.Scheme}://{agent}:{token}@{proxy.Authority}";
        var variables = new List<KeyValuePair<string, string>>();
        Add(ProxyNames, url);
        Add(NoProxyNames, "localhost,127.0.0.1,::1");
        Add(BundleNames, Path.Combine(caFolder, "bundle.pem"));
        Add(["NODE_EXTRA_CA_CERTS"], Path.Combine(caFolder, "ca.pem"));
        Add(["NODE_USE_ENV_PROXY"], "1");
        return variables;

        void Add(string[] names, string value) => variables.AddRange(names.Select(name => new KeyValuePair<string, string>(name, value)));
    }

    /// <summary>The proxy's URL: as said, else as the running process states it, else the default.</summary>
    public static Uri ProxyOf(DataFolder data, string? said)
    {
        var text = said ?? RunFile.TryLoad(data)?.Proxy ?? "http://127.0.0.1:8402";
        return Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" && proxy.UserInfo.Length == 0
            ? proxy
            : throw new OperatorException($"expected a proxy URL such as `http://proxy:8402`, found `{Printable.Line(text, 80)}`");
    }

    /// <summary>The token that the caller brings in a file, or a new one. Says on <paramref name="error"/> when it makes one.</summary>
    public static string TokenFor(CommandSeams seams, DataFolder data, AgentId agent, string? token, string note, TimeSpan? validity, TextWriter error)
    {
        if (token is not null)
        {
            return AgentToken.IdOf(token).Length > 0 ? token : throw new OperatorException($"expected a token that starts with `{AgentToken.Prefix}`; leave `--token` away to have one made");
        }

        var made = AgentCommand.Editor(seams, data).Add(agent, note, validity);
        error.WriteLine($"smartproxy: made token {made.Id} for agent {agent}; end it with `smartproxy agent revoke {agent} --token-id {made.Id}`");
        return made.Reveal();
    }
}
