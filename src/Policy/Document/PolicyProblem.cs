using System.Globalization;

namespace SmartProxy.Policy;

/// <summary>Something wrong in a policy file, and where.</summary>
/// <param name="File">The file's name as the operator knows it.</param>
/// <param name="Line">From 1; 0 where the file as a whole is meant.</param>
/// <param name="Path">The member, such as <c>agents.me.limits.day</c>; empty for the whole file.</param>
/// <param name="Message">What was expected, what was found, what to do.</param>
public sealed record PolicyProblem(string File, int Line, string Path, string Message)
{
    /// <summary>From 1, in bytes; 0 where unknown.</summary>
    public int Column { get; init; }

    public override string ToString()
    {
        var place = Line == 0 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}");
        return Path.Length == 0 ? $"{place}: {Message}" : $"{place}: {Path}: {Message}";
    }
}
