using System.Text.Json;

namespace SmartProxy.TestKit;

/// <summary>Files of this repository, found from wherever the tests run.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A vector file of <c>tests/vectors</c>, such as <c>eip3009</c>.</summary>
    public static JsonElement Vectors(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf("tests", "vectors", name + ".json")));
        return document.RootElement.Clone();
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SmartProxy.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("SmartProxy.sln not found above " + AppContext.BaseDirectory);
    }
}
