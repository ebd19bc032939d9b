using SmartProxy.Policy.Document;

namespace SmartProxy.Policy.Folder;

/// <summary>
/// Several files read as one. Maps (<c>merchants</c>, <c>categories</c>, <c>groups</c>, <c>policies</c>, <c>agents</c>) are the union of what the files
/// say, each name in one file; everything else at the top stands in one file only, so that nobody has to ask which file wins. <c>$schema</c> is for
/// editors, and may stand in each. What the members mean is judged afterwards, as if one file had said it all.
/// </summary>
internal sealed class FolderMerge(ProblemList problems)
{
    private const string Schema = "$schema";

    private readonly List<Member> _members = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    public void Add(Node root)
    {
        if (root is not ObjectNode file)
        {
            problems.Add(root.At, $"expected an object in braces, found `{root.Shown}`");
            return;
        }

        foreach (var member in file.Members)
        {
            if (_places.TryAdd(member.Name, _members.Count))
            {
                _members.Add(member);
                continue;
            }

            var place = _places[member.Name];
            _members[place] = Join(_members[place], member);
        }
    }

    /// <summary>The whole; what is missing in it is missing in the folder, not in one of its files.</summary>
    public ObjectNode ToRoot() => new(new Place(0, 0, ""), _members);

    private Member Join(Member first, Member again)
    {
        if (PolicyModel.File.Find(again.Name)?.Shape is Shape.Map)
        {
            return first with { Value = Union(first, again) };
        }

        if (again.Name != Schema)
        {
            problems.Add(again.At, $"expected `{Node.Show(again.Name)}` in one file of the folder, found it again (first in {first.At.Words}): keep one of them");
        }

        return first;
    }

    private Node Union(Member first, Member again)
    {
        if (first.Value is not ObjectNode known)
        {
            return first.Value; // told by whoever reads it
        }

        if (again.Value is not ObjectNode more)
        {
            problems.Add(again.Value.At, $"expected an object in braces, found `{again.Value.Shown}`");
            return known;
        }

        var places = known.Members.ToDictionary(member => member.Name, member => member.At, StringComparer.Ordinal);
        var members = known.Members.ToList();
        foreach (var member in more.Members)
        {
            if (places.TryAdd(member.Name, member.At))
            {
                members.Add(member);
                continue;
            }

            problems.Add(member.At, $"expected each name in one file of the folder, found `{Node.Show(member.Name)}` again (first in {places[member.Name].Words}): keep one of them");
        }

        return known with { Members = members };
    }
}
