using System.CommandLine;
using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary>What every command shares that checks a signed document offline.</summary>
internal static class DocumentVerdict
{
    private const int MaxLength = 256 * 1024;

    /// <summary>Tells whether a document is good; gives the exit code.</summary>
    public static int Show(ParseResult result, string what, string? objection, bool asJson)
    {
        if (asJson)
        {
            Printer.Json(result.InvocationConfiguration.Output, writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("good", objection is null);
                writer.WriteString("objection", objection);
                writer.WriteEndObject();
            });
        }
        else if (objection is null)
        {
            result.InvocationConfiguration.Output.WriteLine("good: signed by one of the given keys, and unchanged since");
        }
        else
        {
            result.InvocationConfiguration.Error.WriteLine($"smartproxy: the {what} is not good: {Printable.Line(objection)}; don't rely on it");
        }

        return objection is null ? 0 : OperatorException.Failed;
    }

    /// <summary>A file's text; <c>-</c> is standard input.</summary>
    public static string Read(string path, int maxLength = MaxLength)
    {
        if (path == "-")
        {
            return Console.In.ReadToEnd();
        }

        return File.Exists(path) && new FileInfo(path).Length <= maxLength
            ? File.ReadAllText(path)
            : throw new OperatorException($"expected a file of at most {maxLength} bytes at `{path}`");
    }
}
