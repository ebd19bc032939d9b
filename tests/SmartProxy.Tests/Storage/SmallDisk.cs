using SmartProxy.Storage;

namespace SmartProxy.Tests.Storage;

/// <summary>The real disk with so much room: a write that finds less takes what fits, and the next one fails.</summary>
internal sealed class SmallDisk(long room) : IDisk
{
    private readonly PosixDisk _disk = new();
    private readonly Lock _gate = new();
    private long _room = room;

    /// <summary>What fails with an I/O error: <c>free bytes</c>, <c>allocate</c> or nothing.</summary>
    public string? Failing { get; set; }

    public void Give(long bytes) => Interlocked.Add(ref _room, bytes);

    public IDiskFile Open(string path) => new SmallFile(this, _disk.Open(path));

    public IDiskFile OpenToRead(string path) => _disk.OpenToRead(path);

    public IEnumerable<string> NamesIn(string folder) => _disk.NamesIn(folder);

    public void SyncFolder(string path) => _disk.SyncFolder(path);

    public void Rename(string from, string to) => _disk.Rename(from, to);

    public long FreeBytes(string folder) => Failing == "free bytes" ? throw new IOException("injected: input/output error") : Interlocked.Read(ref _room);

    private sealed class SmallFile(SmallDisk owner, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Write(ReadOnlySpan<byte> bytes, long offset)
        {
            lock (owner._gate)
            {
                var fits = (int)Math.Min(bytes.Length, Math.Max(0, owner._room + file.Length - offset));
                if (fits == 0)
                {
                    throw new DiskFullException("injected: no space left on device");
                }

                owner._room -= Math.Max(0, offset + fits - file.Length);
                return file.Write(bytes[..fits], offset);
            }
        }

        public int Read(Span<byte> bytes, long offset) => file.Read(bytes, offset);

        public void Sync() => file.Sync();

        public void Truncate(long length)
        {
            lock (owner._gate)
            {
                owner._room += file.Length - length;
                file.Truncate(length);
            }
        }

        public void Allocate(long length)
        {
            if (owner.Failing == "allocate")
            {
                throw new IOException("injected: input/output error");
            }

            lock (owner._gate)
            {
                if (owner._room < length - file.Length)
                {
                    throw new DiskFullException("injected: no space left on device");
                }

                owner._room -= length - file.Length;
                file.Allocate(length);
            }
        }

        public void Dispose() => file.Dispose();
    }
}
