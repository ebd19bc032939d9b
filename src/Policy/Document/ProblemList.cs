using System.Globalization;

namespace SmartProxy.Policy.Document;

/// <summary>Collects every problem of one policy, so that a person repairs it once; bounded, so that a hostile file stays a short answer.</summary>
internal sealed class ProblemList(string file)
{
    private const int MaxProblems = 100;

    private readonly List<PolicyProblem> _problems = [];
    private readonly List<PolicyProblem> _warnings = [];
    private int _more;

    public bool IsEmpty => _problems.Count == 0;

    public void Add(Place at, string message) => Add(_problems, at, message);

    /// <summary>Loads all the same, and is shown by <c>policy check</c>.</summary>
    public void Warn(Place at, string message) => Add(_warnings, at, message);

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<PolicyProblem> Problems
    {
        get
        {
            var sorted = Sort(_problems);
            return _more == 0 ? sorted : [.. sorted, new PolicyProblem(file, 0, "", string.Create(CultureInfo.InvariantCulture, $"and {_more} more: repair these first"))];
        }
    }

    public IReadOnlyList<PolicyProblem> Warnings => Sort(_warnings);

    private void Add(List<PolicyProblem> list, Place at, string message)
    {
        if (list.Count == MaxProblems)
        {
            _more++;
            return;
        }

        list.Add(new PolicyProblem(at.File ?? file, at.Line, at.Path, message) { Column = at.Column });
    }

    private static List<PolicyProblem> Sort(List<PolicyProblem> list) => [.. list.OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column)];
}
