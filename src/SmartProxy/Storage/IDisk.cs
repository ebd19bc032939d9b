namespace SmartProxy.Storage;

/// <summary>The few things that the journal asks of a disk; faults are injected here. Every failure is an <see cref="IOException"/>.</summary>
internal interface IDisk
{
    /// <summary>Opens a file for reading and writing, creating it for this user alone when it is missing.</summary>
    IDiskFile Open(string path);

    /// <summary>Opens a file that is there, for reading only and beside whoever writes it.</summary>
    IDiskFile OpenToRead(string path);

    /// <summary>The names of the files in a folder, in no order; none when there is no folder.</summary>
    IEnumerable<string> NamesIn(string folder);

    /// <summary>Makes the names in a folder durable.</summary>
    void SyncFolder(string path);

    /// <summary>Gives a file another name, in the place of a file that has it.</summary>
    void Rename(string from, string to);

    /// <summary>How many bytes may still be written in a folder.</summary>
    long FreeBytes(string folder);
}

internal interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>Writes at an offset; returns how many bytes were taken, which may be fewer than asked.</summary>
    int Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Reads at an offset until <paramref name="bytes"/> is full or the file ends; returns how many were read.</summary>
    int Read(Span<byte> bytes, long offset);

    /// <summary>Returns when everything written is on the disk.</summary>
    void Sync();

    void Truncate(long length);

    /// <summary>Makes the file so long and has the disk keep room for all of it.</summary>
    /// <exception cref="DiskFullException">There is no such room.</exception>
    void Allocate(long length);
}

internal static class DiskFileExtensions
{
    /// <summary>Writes all of it, or fails.</summary>
    public static void WriteAll(this IDiskFile file, ReadOnlySpan<byte> bytes, long offset)
    {
        var written = file.Write(bytes, offset);
        if (written != bytes.Length)
        {
            throw new DiskFullException($"only {written} of {bytes.Length} bytes were written: the disk is full or failing");
        }
    }
}
