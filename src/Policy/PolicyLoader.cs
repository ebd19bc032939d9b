using System.Text;
using SmartProxy.Policy.Document;
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
    public static PolicyLoad Load(ReadOnlySpan<byte> bytes, string file, AssetRegistry registry)
    {
        var problems = new ProblemList(file);
        var root = JsonTreeReader.Read(bytes, problems);
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

        var policy = new PolicySet(HashOf(bytes, registry.Hash), Encoding.UTF8.GetString(bytes), document, extended);
        return new PolicyLoad(policy, [], problems.Warnings);
    }

    // The registry gives tokens their value and their domain: the same text under another registry is another policy.
    private static Bytes32 HashOf(ReadOnlySpan<byte> bytes, Bytes32 registry) => Bytes32.Sha256([.. bytes, .. registry.ToArray()]);
}
