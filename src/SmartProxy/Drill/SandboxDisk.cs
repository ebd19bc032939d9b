using SmartProxy.Storage;

namespace SmartProxy.Drill;

/// <summary>A disk in memory that never fails and is there after a restart: nothing of a drill is worth a real one.</summary>
internal sealed class SandboxDisk : IDisk
{
    private readonly Dictionary<string, Bytes> _files = [];

    public IDiskFile Open(string path)
    {
        if (!_files.TryGetValue(path, out var file))
        {
            _files.Add(path, file = new Bytes());
        }

        return file;
    }

    public IDiskFile OpenToRead(string path) => _files[path];

    public IEnumerable<string> NamesIn(string folder) => _files.Keys.Where(path => Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path));

    public void Rename(string from, string to)
    {
        _files.Remove(from, out var file);
        _files[to] = file!;
    }

    public long FreeBytes(string folder) => long.MaxValue;

    public void SyncFolder(string path)
    {
        // Everything is durable at once.
    }

    private sealed class Bytes : IDiskFile
    {
        private readonly MemoryStream _bytes = new();

        public long Length => _bytes.Length;

        public int Write(ReadOnlySpan<byte> bytes, long offset)
        {
            _bytes.Position = offset;
            _bytes.Write(bytes);
            return bytes.Length;
        }

        public int Read(Span<byte> bytes, long offset)
        {
            _bytes.Position = Math.Min(offset, _bytes.Length);
            return _bytes.Read(bytes);
        }

        public void Sync()
        {
            // Everything is durable at once.
        }

        public void Truncate(long length) => _bytes.SetLength(length);

        public void Allocate(long length) => _bytes.SetLength(length);

        public void Dispose()
        {
            // The restarted process finds it again.
        }
    }
}
