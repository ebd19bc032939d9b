using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.Options;

/// <summary>Puts the sources of settings on top of each other: file, environment, flags; the last one wins.</summary>
internal static class SettingsLoader
{
    /// <summary>The sources, and the folder that relative file names in them belong to.</summary>
    /// <param name="configFile"><c>--config</c>; null takes <c>appsettings.json</c> of the working folder, if there is one.</param>
    /// <param name="flags">Settings from the command line, by full name: <c>SmartProxy:Listen:Proxy</c>.</param>
    /// <exception cref="OperatorException">The file is missing or is not JSON.</exception>
    public static (IConfigurationRoot Configuration, string Folder) Load(string? configFile, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        var file = Path.GetFullPath(configFile ?? "appsettings.json");
        var folder = Path.GetDirectoryName(file)!;
        if (configFile is not null && !File.Exists(file))
        {
            throw new OperatorException($"`{file}` is missing; `--config` expects a JSON file with a section `{OptionsReader.Section}`");
        }

        try
        {
            var configuration = new ConfigurationBuilder()
                .SetBasePath(folder)
                .AddJsonFile(Path.GetFileName(file), optional: true, reloadOnChange: false)
                .AddEnvironmentVariables()
                .AddInMemoryCollection(flags)
                .Build();
            return (configuration, folder);
        }
        catch (InvalidDataException fault)
        {
            throw new OperatorException($"`{file}` is not valid JSON: {Printable.Line(fault.InnerException?.Message ?? fault.Message)}", inner: fault);
        }
    }
}
