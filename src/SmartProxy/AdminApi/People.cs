using System.Text.Json;
using SmartProxy.Installation;

namespace SmartProxy.AdminApi;

/// <summary>Who gives an order on the command line, and why: for the record.</summary>
internal static class People
{
    private const int MaxNameLength = 64;

    /// <summary>The operating system's name for the person at the terminal.</summary>
    public static string Name => Environment.UserName is { Length: > 0 and <= MaxNameLength } name && !name.Any(char.IsControl) ? name : "unknown";

    /// <summary>How an order to a stopped system is signed.</summary>
    public static string Offline => "cli:" + Name;

    /// <exception cref="OperatorException">It is missing, too long, or no line of text.</exception>
    public static string ReasonOf(string? text, bool isRequired = false) =>
        (text ?? "") is { Length: <= Order.MaxReasonLength } reason && !reason.Any(char.IsControl) && !(isRequired && reason.Length == 0)
            ? reason
            : throw new OperatorException($"expected a `--reason` of {(isRequired ? "1 to" : "at most")} {Order.MaxReasonLength} characters on one line");

    /// <summary>An order to the running process that says no more than why, and by whom.</summary>
    public static void Write(Utf8JsonWriter json, string reason)
    {
        json.WriteStartObject();
        json.WriteString("reason", reason);
        json.WriteString("by", Name);
        json.WriteEndObject();
    }
}
