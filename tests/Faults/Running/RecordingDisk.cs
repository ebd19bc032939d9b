using SmartProxy.Storage;

namespace SmartProxy.Faults.Tests;

/// <summary>What was asked of a disk, in order.</summary>
internal abstract record DiskStep(string Path)
{
    /// <summary>A name that was not there before.</summary>
    public sealed record Made(string Path) : DiskStep(Path);

    /// <summary>A name that became another one, in the place of whatever had it.</summary>
    public sealed record Renamed(string Path, string To) : DiskStep(Path);

    public sealed record Written(string Path, long Offset, byte[] Bytes) : DiskStep(Path);

    public sealed record Cut(string Path, long Length) : DiskStep(Path);

    public sealed record Synced(string Path) : DiskStep(Path);

    /// <summary>The names in a folder are durable.</summary>
    public sealed record FolderSynced(string Path) : DiskStep(Path);
}

/// <summary>The real disk, which remembers what was asked of it. Nothing is really synced: whether it would have been is what the images are made of.</summary>
internal sealed class RecordingDisk : IDisk
{
    private readonly PosixDisk _disk = new();
    private readonly List<DiskStep> _steps = [];
    private readonly Lock _gate = new();

    /// <summary>Told before each step how many there were before it, on the thread that makes it.</summary>
    public Action<int>? Stepping { get; set; }

    public IReadOnlyList<DiskStep> Steps
    {
        get
        {
            lock (_gate)
            {
                return [.. _steps];
            }
        }
    }

    public IDiskFile Open(string path)
    {
        if (!File.Exists(path))
        {
            Add(new DiskStep.Made(path));
        }

        return new RecordingFile(this, path, _disk.Open(path));
    }

    public void SyncFolder(string path) => Add(new DiskStep.FolderSynced(path));

    public void Rename(string from, string to)
    {
        Add(new DiskStep.Renamed(from, to));
        File.Move(from, to, overwrite: true);
    }

    public long FreeBytes(string folder) => _disk.FreeBytes(folder);

    private void Add(DiskStep step)
    {
        lock (_gate)
        {
            Stepping?.Invoke(_steps.Count);
            _steps.Add(step);
        }
    }

    private sealed class RecordingFile(RecordingDisk owner, string path, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Write(ReadOnlySpan<byte> bytes, long offset)
        {
            owner.Add(new DiskStep.Written(path, offset, bytes.ToArray()));
            return file.Write(bytes, offset);
        }

        public int Read(Span<byte> bytes, long offset) => file.Read(bytes, offset);

        public void Sync() => owner.Add(new DiskStep.Synced(path));

        public void Truncate(long length)
        {
            owner.Add(new DiskStep.Cut(path, length));
            file.Truncate(length);
        }

        public void Allocate(long length) => file.Allocate(length);

        public void Dispose() => file.Dispose();
    }
}
