using System.Text;
using SmartProxy.Policy.Document;
using SmartProxy.Policy.Folder;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <param name="Policy">The policy, or null when there is any problem: a file is good as a whole or not at all.</param>
/// <param name="Problems">Every problem, in the order of the file.</param>
/// <param name="Warnings">What loads and is still worth a look.</param>
public sealed record PolicyLoad(PolicySet? Policy, IReadOnlyList<PolicyProblem> Problems, IReadOnlyList<PolicyProblem> Warnings);

/// <summary>From bytes to a policy in force, or to every reason why not.</summary>
public static class PolicyLoader
{
    /// <param name="bytes">The file, at most 4 MiB.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="registry">The registry of networks and tokens.</param>
    public static PolicyLoad Load(ReadOnlySpan<byte> bytes, string file, AssetRegistry registry) => Load(PolicyText.OfFile(file, bytes.ToArray()), registry);

    /// <param name="text">A file, or a folder of them.</param>
    /// <param name="registry">The registry of networks and tokens.</param>
    public static PolicyLoad Load(PolicyText text, AssetRegistry registry)
    {
        var problems = new ProblemList(text.Path);
        var root = text.IsFolder ? ReadFolder(text, problems) : JsonTreeReader.Read(text.Parts[0].Bytes.Span, problems);
        var document = root is null ? null : new PolicyReader(registry, problems).Read(root);
        var extended = document is null ? registry : new TokenChecker(document, problems).Extend(registry);
        if (document is not null)
        {
            new PolicyChecker(document, extended, problems).Check();
        }

        if (document is null || !problems.IsEmpty)
        {
            return new PolicyLoad(null, problems.Problems, problems.Warnings);
        }

        var policy = new PolicySet(text.HashUnder(registry.Hash), Encoding.UTF8.GetString(text.ArchiveBytes.Span), document, extended);
        return new PolicyLoad(policy, [], problems.Warnings);
    }

    // Null when a file can't be read at all: what the others say would only be told wrongly without it.
    private static ObjectNode? ReadFolder(PolicyText text, ProblemList problems)
    {
        if (text.Parts.Count is 0 or > PolicyText.MaxFiles)
        {
            problems.Add(new Place(0, 0, ""), $"expected 1 to {PolicyText.MaxFiles} policy files `*.json` in the folder, found `{text.Parts.Count}`");
            return null;
        }

        if (text.Parts.Sum(part => (long)part.Bytes.Length) is > PolicyText.MaxBytes and var size)
        {
            problems.Add(new Place(0, 0, ""), $"expected at most 4 MiB in all files together, found `{size}` bytes: drop what is not used");
            return null;
        }

        var (merge, isWhole) = (new FolderMerge(problems), true);
        foreach (var part in text.Parts)
        {
            if (JsonTreeReader.Read(part.Bytes.Span, problems, text.PathOf(part)) is { } root)
            {
                merge.Add(root);
                continue;
            }

            isWhole = false;
        }

        return isWhole ? merge.ToRoot() : null;
    }
}
