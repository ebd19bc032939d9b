using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>One file of a policy.</summary>
/// <param name="Name">Its name without a folder.</param>
/// <param name="Bytes">What it says.</param>
public sealed record PolicyPart(string Name, ReadOnlyMemory<byte> Bytes);

/// <summary>A policy as it was read, before anything in it is judged: one file, or every file of a folder in the order of their names.</summary>
public sealed class PolicyText
{
    /// <summary>The most files of a folder.</summary>
    public const int MaxFiles = 256;

    /// <summary>The most bytes, of a file or of all files of a folder together.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private PolicyText(string path, bool isFolder, IReadOnlyList<PolicyPart> parts)
    {
        (Path, IsFolder, Parts) = (path, isFolder, parts);
        ArchiveBytes = isFolder ? FolderArchive.Join(parts) : parts[0].Bytes;
    }

    /// <summary>The file or folder as the operator knows it.</summary>
    public string Path { get; }

    public bool IsFolder { get; }

    /// <summary>The files, in ordinal order of their names.</summary>
    public IReadOnlyList<PolicyPart> Parts { get; }

    /// <summary>
    /// What is archived, hashed and compared: a file's own bytes, or a folder's names and bytes as <see cref="FolderArchive"/> writes them. Equal bytes
    /// are the same policy.
    /// </summary>
    public ReadOnlyMemory<byte> ArchiveBytes { get; }

    public static PolicyText OfFile(string path, ReadOnlyMemory<byte> bytes) => new(path, isFolder: false, [new PolicyPart(System.IO.Path.GetFileName(path), bytes)]);

    public static PolicyText OfFolder(string path, IEnumerable<PolicyPart> parts) =>
        new(path, isFolder: true, [.. parts.OrderBy(part => part.Name, StringComparer.Ordinal)]);

    /// <summary>The policy that an archived text was: what the journal keeps by hash can be judged, explained and simulated again.</summary>
    /// <param name="archived">What <see cref="PolicySet.Text"/> was.</param>
    /// <param name="path">How messages call it.</param>
    /// <exception cref="FormatException">It begins like a folder and is none.</exception>
    public static PolicyText OfArchive(string archived, string path)
    {
        var bytes = Encoding.UTF8.GetBytes(archived);
        return FolderArchive.IsFolder(bytes) ? OfFolder(path, FolderArchive.Split(bytes)) : OfFile(path, bytes);
    }

    /// <summary>How a message calls one of the files.</summary>
    public string PathOf(PolicyPart part) => IsFolder ? System.IO.Path.Combine(Path, part.Name) : Path;

    // The registry gives tokens their value and their domain: the same text under another registry is another policy.
    internal Bytes32 HashUnder(Bytes32 registry) => Bytes32.Sha256([.. ArchiveBytes.Span, .. registry.ToArray()]);
}
