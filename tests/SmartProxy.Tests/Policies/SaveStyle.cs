using System.Text;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies;

/// <summary>A way in which editors and orchestrators save a file, or a whole folder.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class SaveStyle
{
    public static readonly string[] OfFiles =
        ["truncate and write", "rename over", "vim", "swap a link", "swap a folder's link", "delete and make anew", "copy in place", "copy a shorter one in place"];

    public static readonly string[] OfFolders =
        [.. OfFiles.Where(style => style != "swap a folder's link"), "swap the data link", "swap the whole folder", "add a file", "remove a file"];

    /// <summary>The path that the proxy is given.</summary>
    public static string PathOf(TempFolder home, string kind) => kind == "file" ? home.File("policies.json") : home.File("policies.d");

    /// <summary>The first version, laid out as the style needs it.</summary>
    public static void Prepare(TempFolder home, string kind, string style, string text)
    {
        if (kind == "file")
        {
            PrepareFile(home.Path, "policies.json", style, text);
            return;
        }

        if (style is "swap the whole folder")
        {
            WriteFolder(home.File("releases-1"), text);
            Directory.CreateSymbolicLink(home.File("policies.d"), "releases-1");
            return;
        }

        var folder = Directory.CreateDirectory(home.File("policies.d")).FullName;
        switch (style)
        {
            case "swap the data link":
                WriteFolder(Path.Combine(folder, "..v1"), text);
                Directory.CreateSymbolicLink(Path.Combine(folder, "..data"), "..v1");
                File.CreateSymbolicLink(Path.Combine(folder, "base.json"), Path.Combine("..data", "base.json"));
                File.CreateSymbolicLink(Path.Combine(folder, "me.json"), Path.Combine("..data", "me.json"));
                break;
            default:
                File.WriteAllText(Path.Combine(folder, "base.json"), Base);
                PrepareFile(folder, "me.json", style, text);
                break;
        }
    }

    /// <summary>The second version.</summary>
    public static void Save(TempFolder home, string kind, string style, string text)
    {
        var folder = kind == "file" ? home.Path : home.File("policies.d");
        switch (style)
        {
            case "swap the data link":
                WriteFolder(Path.Combine(folder, "..v2"), text);
                SystemCalls.SwapLink(Path.Combine(folder, "..data"), "..v2");
                Directory.Delete(Path.Combine(folder, "..v1"), recursive: true);
                break;
            case "swap the whole folder":
                WriteFolder(home.File("releases-2"), text);
                SystemCalls.SwapLink(folder, "releases-2");
                break;
            case "add a file":
                File.WriteAllText(Path.Combine(folder, "z.json"), """{ "agents": { "more": {} } }""");
                break;
            case "remove a file":
                File.Delete(Path.Combine(folder, "other.json"));
                break;
            default:
                SaveFile(folder, kind == "file" ? "policies.json" : "me.json", style, text);
                break;
        }
    }

    /// <summary>A policy with this limit, whole or as the second file of a folder.</summary>
    public static string Text(string kind, string payment) => kind == "file"
        ? PolicyFileTests.Limited(payment)
        : $$"""{ "agents": { "me": { "allow": ["*"], "limits": { "payment": "{{payment}}" } } } }""";

    private const string Base = """{ "networks": ["base-sepolia"] }""";

    private static void PrepareFile(string folder, string name, string style, string text)
    {
        var path = Path.Combine(folder, name);
        switch (style)
        {
            case "swap a link":
                File.WriteAllText(Path.Combine(folder, "v1"), text);
                File.CreateSymbolicLink(path, "v1");
                break;
            case "swap a folder's link":
                Directory.CreateDirectory(Path.Combine(folder, "..v1"));
                File.WriteAllText(Path.Combine(folder, "..v1", name), text);
                Directory.CreateSymbolicLink(Path.Combine(folder, "..data"), "..v1");
                File.CreateSymbolicLink(path, Path.Combine("..data", name));
                break;
            case "copy a shorter one in place":
                File.WriteAllText(path, text + "\n// " + new string('.', 5000) + "\n");
                break;
            case "remove a file":
                File.WriteAllText(path, text);
                File.WriteAllText(Path.Combine(folder, "other.json"), """{ "agents": { "other": {} } }""");
                break;
            default:
                File.WriteAllText(path, text);
                break;
        }
    }

    private static void SaveFile(string folder, string name, string style, string text)
    {
        var path = Path.Combine(folder, name);
        switch (style)
        {
            case "truncate and write":
                using (var writer = new StreamWriter(new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite)))
                {
                    writer.Write(text);
                }

                break;
            case "rename over":
                File.WriteAllText(path + "~", text);
                File.Move(path + "~", path, overwrite: true);
                break;
            case "vim":
                File.WriteAllText(Path.Combine(folder, "." + name + ".swp"), "b0VIM");
                File.WriteAllText(Path.Combine(folder, "4913"), "");
                File.Delete(Path.Combine(folder, "4913"));
                File.Move(path, path + "~");
                File.WriteAllText(path, text);
                File.Delete(path + "~");
                File.Delete(Path.Combine(folder, "." + name + ".swp"));
                break;
            case "delete and make anew":
                File.Delete(path);
                File.WriteAllText(path, text);
                break;
            case "swap a link":
                File.WriteAllText(Path.Combine(folder, "v2"), text);
                File.CreateSymbolicLink(path + "~", "v2");
                File.Move(path + "~", path, overwrite: true);
                break;
            case "swap a folder's link":
                Directory.CreateDirectory(Path.Combine(folder, "..v2"));
                File.WriteAllText(Path.Combine(folder, "..v2", name), text);
                SystemCalls.SwapLink(Path.Combine(folder, "..data"), "..v2");
                break;
            case "copy in place" or "copy a shorter one in place":
                using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    file.Write(Encoding.UTF8.GetBytes(text));
                    file.SetLength(file.Position);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(style), style, "no such style");
        }
    }

    private static void WriteFolder(string folder, string me)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "base.json"), Base);
        File.WriteAllText(Path.Combine(folder, "me.json"), me);
    }
}
