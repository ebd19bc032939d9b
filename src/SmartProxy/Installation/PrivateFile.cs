using System.Diagnostics.CodeAnalysis;

namespace SmartProxy.Installation;

/// <summary>
/// Files that only their owner may read (mode 0600). They are replaced whole: a reader sees the old bytes or the new ones, also after a
/// power cut. A file that group or others can read is refused, because whoever read it keeps what was in it; so is one of another user, who can
/// change it at any time.
/// </summary>
internal static class PrivateFile
{
    /// <summary>The most that is read of any of them, in bytes.</summary>
    public const int MaxLength = 4 * 1024 * 1024;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Replaces the file, or makes it: temporary file, sync, rename, sync of the folder.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = WriteBeside(path, content);
        CrashPoint.Reach(CrashPoint.KindOf(path) + "-beside");
        File.Move(temporary, path, overwrite: true);
        CrashPoint.Reach(CrashPoint.KindOf(path) + "-renamed");
        Unix.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes the file, whole or not at all; fails when there is one already.</summary>
    /// <exception cref="IOException">There is a file by this name, or the disk failed.</exception>
    public static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        var temporary = WriteBeside(path, content);
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Opens the file, or makes it, so that no other process can at the same time. It stays when it is closed.</summary>
    /// <exception cref="IOException">Another process has it open.</exception>
    public static FileStream OpenLock(string path) => new(path, Options(FileMode.OpenOrCreate));

    /// <exception cref="OperatorException">It is missing, open to others, another user's, or too large.</exception>
    public static byte[] Read(string path, string whatMakesIt)
    {
        if (!File.Exists(path))
        {
            throw new OperatorException($"`{path}` is missing; {whatMakesIt}");
        }

        try
        {
            RefuseOthers(path);
            return new FileInfo(path).Length <= MaxLength
                ? File.ReadAllBytes(path)
                : throw new OperatorException($"`{path}` is larger than {MaxLength} bytes; it is not a file of this program");
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or IOException)
        {
            throw new OperatorException($"`{path}` can't be read ({fault.Message}); make it readable for the user that runs smartproxy", inner: fault);
        }
    }

    /// <exception cref="OperatorException">Group or others have a permission on it, or it belongs to neither our user nor root.</exception>
    public static void RefuseOthers(string path)
    {
        if (Objection(path) is { } objection)
        {
            throw new OperatorException(objection);
        }
    }

    /// <summary>Why this file isn't private, as one line that says what to do; null when it is. On Windows, folders protect it instead.</summary>
    public static string? Objection(string path) =>
        !Unix.IsOurs(path) ? $"`{path}` belongs to another user, who can change it; give it to the user that runs smartproxy with `chown`, and replace the secrets in it if that user should not know them"
        : OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Others) == 0 ? null
        : $"`{path}` is open to other users; run `chmod 600 {path}`, and replace the secrets in it if others could read them";

    /// <summary>Makes a folder that only its owner can enter; one that exists is left as it is.</summary>
    public static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerOnlyFolder);
    }

    private static string WriteBeside(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        using var file = new FileStream(temporary, Options(FileMode.CreateNew));
        file.Write(content);
        file.Flush();
        Unix.Sync(file.SafeFileHandle);
        return temporary;
    }

    [SuppressMessage("Interoperability", "CA1416", Justification = "set off Windows only")]
    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
