using Microsoft.Extensions.Logging.Console;
using SmartProxy.Options;

namespace SmartProxy.Hosting;

/// <summary>One record per line on standard error: readable on a terminal, JSON where the setting <c>SmartProxy:Logs</c> says <c>json</c>.</summary>
internal static class Logs
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    public static ILoggerFactory Create(RunSettings settings) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        logging.AddFilter("Yarp", LogLevel.Error);

        // A listener that can't be opened ends the start with one line; the framework would print its stack before it.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (settings.LogFormat is LogFormat.Json)
        {
            logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, TimeFormat));
        }
        else if (settings.LogFormat is LogFormat.Text)
        {
            logging.AddSimpleConsole(console => (console.SingleLine, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, TimeFormat + " "));
        }

        settings.MoreLogs?.Invoke(logging);
    });
}
