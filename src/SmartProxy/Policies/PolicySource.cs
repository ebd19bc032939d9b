using Microsoft.Win32.SafeHandles;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Policies;

/// <summary>There is no policy file to start with; the message is one line and says what to do.</summary>
internal sealed class PolicyFileException(string message) : Exception(message);

/// <summary>
/// The policy as it lies on disk, one file or a folder of them, as editors leave it: truncated and written again, renamed over, swapped by a
/// symbolic link, deleted and made anew.
/// </summary>
/// <param name="path">The file or folder.</param>
/// <param name="open">Opens one file; a seam for tests.</param>
internal sealed class PolicySource(string path, Func<string, SafeFileHandle>? open = null)
{
    private const int MaxReadings = 5;
    private const string Extension = ".json";
    private const string Data = "..data";

    private readonly Func<string, SafeFileHandle> _open = open ?? PolicyDisk.Open;
    private volatile object? _lastSeen;

    public string Path { get; } = path;

    public bool IsFolder => Directory.Exists(Path);

    /// <exception cref="PolicyFileException">There is nothing.</exception>
    public void EnsureExists()
    {
        if (!IsFolder && !File.Exists(Path))
        {
            throw new PolicyFileException($"expected a policy file, found nothing at `{Path}`: run `smartproxy init` to make one, or name yours with --policy");
        }
    }

    /// <summary>
    /// Reads until two readings in a row agree, so that a file caught in the middle of being written is not judged by its first half. What a
    /// pause of the writer lets through is then judged like any other text: half a JSON object is not one.
    /// </summary>
    public (PolicyText? Text, PolicyProblem? Problem) ReadSettled()
    {
        var before = ReadOnce();
        for (var reading = 1; reading < MaxReadings; reading++)
        {
            var now = ReadOnce();
            if (now.Trouble is not null && now.Trouble == before.Trouble)
            {
                return (null, new PolicyProblem(Path, 0, "", now.Trouble));
            }

            if (now.Text is { } text && before.Text is { } same && text.IsFolder == same.IsFolder && text.ArchiveBytes.Span.SequenceEqual(same.ArchiveBytes.Span))
            {
                _lastSeen = Bytes32.Sha256(text.ArchiveBytes.Span);
                return (text, null);
            }

            before = now;
        }

        return (null, new PolicyProblem(Path, 0, "", "expected a policy that holds still, found another text at each of five readings: write it whole and rename it into place"));
    }

    /// <summary>Whether it reads differently from the last settled reading; what can't be read counts as different.</summary>
    public bool MayHaveChanged() => _lastSeen is not Bytes32 seen || Fingerprint() != seen;

    /// <summary>What it says right now, in short; null when it can't be read.</summary>
    public Bytes32? Fingerprint() => ReadOnce().Text is { } text ? Bytes32.Sha256(text.ArchiveBytes.Span) : null;

    /// <summary>Makes the next look see a change.</summary>
    public void Forget() => _lastSeen = null;

    private (PolicyText? Text, string? Trouble) ReadOnce()
    {
        try
        {
            return (Read(), null);
        }
        catch (PolicyFileException refused)
        {
            return (null, refused.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return (null, $"expected a readable policy file, found: {unreadable.Message.ReplaceLineEndings(" ")}");
        }
    }

    private PolicyText Read()
    {
        EnsureExists();
        return IsFolder ? PolicyText.OfFolder(Path, ReadParts()) : PolicyText.OfFile(Path, PolicyDisk.Read(_open(Path), PolicyText.MaxBytes));
    }

    private List<PolicyPart> ReadParts()
    {
        // INVARIANT: links to folders are followed once for all files. Whoever swaps a link (Kubernetes swaps `..data`) is read before or after, never in between.
        var folder = Followed(Path);
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(folder).HasFlag(UnixFileMode.OtherWrite))
        {
            throw new PolicyFileException("expected a folder that only its owner and group may write, found one that everyone may write: run `chmod o-w` on it");
        }

        var data = System.IO.Path.Combine(folder, Data);
        var content = Directory.Exists(data) ? Followed(data) : null;
        var names = NamesIn(folder);
        var (parts, room) = (new List<PolicyPart>(), PolicyText.MaxBytes);
        foreach (var name in names)
        {
            var bytes = ReadPart(name, Place(folder, content, name), room);
            parts.Add(new PolicyPart(name, bytes));
            room -= bytes.Length;
        }

        return parts;
    }

    private byte[] ReadPart(string name, string place, int room)
    {
        try
        {
            return PolicyDisk.Read(_open(place), room);
        }
        catch (PolicyFileException refused)
        {
            throw new PolicyFileException($"`{name}`: {refused.Message}");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"`{name}`: {unreadable.Message}", unreadable);
        }
    }

    private static List<string> NamesIn(string folder)
    {
        var names = Directory.EnumerateFileSystemEntries(folder)
            .Select(entry => System.IO.Path.GetFileName(entry))
            .Where(name => name.EndsWith(Extension, StringComparison.Ordinal) && !name.StartsWith('.') && !Directory.Exists(System.IO.Path.Combine(folder, name)))
            .Order(StringComparer.Ordinal)
            .ToList();
        return names.Count > PolicyText.MaxFiles
            ? throw new PolicyFileException($"expected at most {PolicyText.MaxFiles} policy files `*{Extension}` in the folder, found `{names.Count}`: join some of them")
            : names.Find(name => !FolderArchive.IsName(name)) is { } odd
                ? throw new PolicyFileException($"expected file names without control characters, found `{Printable.Line(odd, 80)}`: rename it")
                : names;
    }

    // Where a file lies that is reached through the folder's `..data`.
    private static string Place(string folder, string? content, string name)
    {
        var entry = System.IO.Path.Combine(folder, name);
        const string through = Data + "/";
        return content is not null && new FileInfo(entry).LinkTarget is { } target && target.StartsWith(through, StringComparison.Ordinal)
            ? System.IO.Path.Combine(content, target[through.Length..])
            : entry;
    }

    private static string Followed(string folder) => Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder;
}
