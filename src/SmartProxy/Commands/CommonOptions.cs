using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using SmartProxy.Accounting;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary>Options and arguments that several commands share, each with one meaning.</summary>
internal static class CommonOptions
{
    public static Option<DataFolder> Data() => new("--data")
    {
        Description = "The data folder.",
        HelpName = "DIR",
        CustomParser = static result => new DataFolder(result.Tokens[0].Value),
        DefaultValueFactory = static _ => new DataFolder("./data"),
    };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    public static Option<string> Month() => new("--month") { Description = "The month, such as 2026-11.", HelpName = "YYYY-MM", Required = true };

    public static Option<string> TimeZone() => new("--time-zone") { Description = "Where the month begins and ends.", HelpName = "ZONE", DefaultValueFactory = static _ => "UTC" };

    public static Month ReadMonth(string month, string zone) =>
        !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var where) ? throw new OperatorException($"expected a time zone such as `Europe/Berlin` after --time-zone, found `{Printable.Line(zone, 60)}`")
        : Accounting.Month.TryParse(month, where, out var read) ? read
        : throw new OperatorException($"expected {Accounting.Month.Expected} after --month, found `{Printable.Line(month, 40)}`");

    public static Option<string[]> Rpc(string description) => new("--rpc") { Description = description, HelpName = "URL", DefaultValueFactory = static _ => [] };

    public static IReadOnlyList<Uri> ReadRpc(string[] urls) =>
    [
        .. urls.Select(url => Uri.TryCreate(url, UriKind.Absolute, out var node) && (node.Scheme is "http" or "https")
            ? node
            : throw new OperatorException($"expected a node's URL such as `http://127.0.0.1:8545` after --rpc, found `{Printable.Line(url, 80)}`")),
    ];

    public static Option<string> NewFile() => new("--to") { Description = "The file to write; it must not be there yet.", HelpName = "FILE", Required = true };

    public static Option<string?> Jwks() => new("--jwks") { Description = "The public keys; without it, those of the data folder.", HelpName = "FILE" };

    public static Option<string?> Config() => new("--config") { Description = "The settings; without it `appsettings.json` of this folder, if there is one.", HelpName = "FILE" };

    public static Option<string?> Policy(string description) => new("--policy") { Description = description, HelpName = "FILE" };

    public static Argument<AgentId> Agent() => new("NAME") { Description = "The agent's name.", CustomParser = ReadAgent };

    public static Option<AgentId?> AgentOption(string description) => new("--agent")
    {
        Description = description,
        HelpName = "NAME",
        CustomParser = static result => ReadAgent(result),
    };

    /// <summary>A duration such as <c>90s</c>, <c>15m</c>, <c>12h</c> or <c>30d</c>; <c>0s</c> is one.</summary>
    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = static result =>
        {
            if (!Durations.TryRead(result.Tokens[0].Value, out var duration))
            {
                result.AddError($"expected a duration such as `90s`, `15m`, `12h` or `30d`, found `{Printable.Line(result.Tokens[0].Value, 40)}`");
            }

            return duration;
        },
    };

    /// <summary>A time such as <c>2026-03-01</c> or <c>2026-03-01T12:00:00Z</c>, or how long ago: <c>12h</c>, <c>30d</c>.</summary>
    public static Option<DateTimeOffset?> Since(TimeProvider time) => new("--since")
    {
        Description = "Only decisions from this time on: a date, a time in UTC, or how long ago (`12h`, `30d`).",
        HelpName = "TIME",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Durations.TryRead(text, out var ago))
            {
                return time.GetUtcNow() - ago;
            }

            if (!DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant))
            {
                result.AddError($"expected a date such as `2026-03-01`, a time such as `2026-03-01T12:00:00Z`, or how long ago such as `30d`, found `{Printable.Line(text, 40)}`");
            }

            return instant;
        },
    };

    private static readonly string[] TimeFormats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz"];

    private static AgentId ReadAgent(ArgumentResult result)
    {
        if (!AgentId.TryParse(result.Tokens[0].Value, out var agent))
        {
            result.AddError($"expected an agent's name ({AgentId.Expected}), found `{Printable.Line(result.Tokens[0].Value, 80)}`");
        }

        return agent;
    }
}
