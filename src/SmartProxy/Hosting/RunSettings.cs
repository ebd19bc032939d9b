using SmartProxy.Installation;
using SmartProxy.Options;

namespace SmartProxy.Hosting;

/// <summary>Everything that a start needs, checked.</summary>
internal sealed record RunSettings
{
    public required DataFolder Data { get; init; }

    public required InstallationFile Installation { get; init; }

    /// <summary>The policy file or folder, full path; it was there a moment ago.</summary>
    public required string Policy { get; init; }

    public required SmartProxyOptions Options { get; init; }

    /// <summary>How log records look; the demo has none, its story is its output.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Further places for log records, and their levels; who runs a proxy inside another process listens here.</summary>
    public Action<ILoggingBuilder>? MoreLogs { get; init; }

    /// <summary>Whether the one wallet is a raw key of the environment: <c>--insecure-dev-key</c>.</summary>
    public bool UsesDevKey { get; init; }

    /// <summary>Fires when who stops the process does so a second time: what is under way is not waited for.</summary>
    public CancellationToken Hurry { get; init; }

    /// <summary>All sources, for the sections that other parts bind: Egress, Upstream, Connections.</summary>
    public required IConfiguration Configuration { get; init; }

    /// <summary>What relative file names in the settings are relative to.</summary>
    public required string SettingsFolder { get; init; }

    /// <exception cref="OperatorException">Something that <c>init</c> made is missing, there is no policy, or a setting is not as expected.</exception>
    public static RunSettings Load(DataFolder data, string policy, string? configFile, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        var (configuration, folder) = SettingsLoader.Load(configFile, flags);
        return From(data, policy, configuration, folder);
    }

    /// <summary>The same from settings that are already put together.</summary>
    public static RunSettings From(DataFolder data, string policy, IConfiguration configuration, string folder)
    {
        var installation = InstallationFile.Load(data);
        if (!File.Exists(policy) && !Directory.Exists(policy))
        {
            throw new OperatorException($"there is no policy at `{policy}`; `smartproxy init` writes a first one, and `--policy` names another place");
        }

        var options = OptionsReader.Read(configuration, folder);
        return new RunSettings
        {
            Data = data,
            Installation = installation,
            Policy = Path.GetFullPath(policy),
            Options = options,
            LogFormat = options.Logs,
            Configuration = configuration,
            SettingsFolder = folder,
        };
    }
}
