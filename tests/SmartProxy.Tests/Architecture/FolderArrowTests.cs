using System.Text.RegularExpressions;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Architecture;

/// <summary>What folders of the host may know of each other, where the compiler would let them know more.</summary>
public sealed partial class FolderArrowTests
{
    private static readonly string Host = Path.Combine(Repository.Root, "src", "SmartProxy");

    // The entry point runs them; the composition root fills in what they need.
    private static readonly string[] MayKnowCommands = ["Program.cs", Path.Combine("Hosting", "Seams.cs")];

    [Fact]
    public void Nothing_but_the_entry_point_and_the_composition_root_knows_the_commands()
    {
        var knowing = SourcesOutside("Commands").Where(file => CommandsNamed().IsMatch(File.ReadAllText(Path.Combine(Host, file))));

        Assert.Equal(MayKnowCommands.Order(StringComparer.Ordinal), knowing.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        var elsewhere = SourcesOutside("obj")
            .Where(file => Path.GetDirectoryName(file) is { Length: > 0 } folder
                && !File.ReadLines(Path.Combine(Host, file)).Contains($"namespace SmartProxy.{folder.Replace(Path.DirectorySeparatorChar, '.')};"));

        Assert.Empty(elsewhere);
    }

    private static IEnumerable<string> SourcesOutside(string folder) => Directory.EnumerateFiles(Host, "*.cs", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Host, file))
        .Where(file => !new[] { "obj", "bin", folder }.Contains(file.Split(Path.DirectorySeparatorChar)[0]));

    [GeneratedRegex(@"\bSmartProxy\.Commands\b|(?<![\w.])Commands\.[A-Z]\w*(Command|Seams|Options|Root)\b")]
    private static partial Regex CommandsNamed();
}
