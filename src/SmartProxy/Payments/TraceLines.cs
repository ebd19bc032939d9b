using System.Text.Json;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Payments;

/// <summary>The member <c>trace</c> of an answer or a receipt, as everybody prints it.</summary>
internal static class TraceLines
{
    public static void Write(TextWriter output, JsonElement trace)
    {
        foreach (var line in DecisionTrace.Lines(Read(trace)))
        {
            output.WriteLine(line);
        }
    }

    /// <summary>The steps; what is not as we write it is left out.</summary>
    public static IReadOnlyList<TraceStep> Read(JsonElement trace) => trace.ValueKind is not JsonValueKind.Array ? [] :
    [
        .. trace.EnumerateArray().Where(step => step.ValueKind is JsonValueKind.Object).Select(step => new TraceStep(
            Text(step, "rule") ?? "-",
            Enum.GetValues<TraceSaying>().FirstOrDefault(saying => Words.Of(saying) == Text(step, "says"), TraceSaying.Allows),
            Text(step, "detail"))),
    ];

    private static string? Text(JsonElement step, string name) =>
        step.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? Printable.Line(value.GetString(), 200) : null;
}
