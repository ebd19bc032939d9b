using SmartProxy.Storage;

namespace SmartProxy.Tests.Simulation;

/// <summary>
/// A disk in memory as kernels really treat one: writes go to a cache; a sync that succeeds makes them durable; a sync that fails forgets that some
/// of them were ever to be written; a power loss keeps any of the 512-byte sectors that were not synced, and not the others.
/// </summary>
internal sealed class MemoryDisk(Random chance)
{
    private const int Sector = 512;
    private readonly Dictionary<string, Content> _files = [];

    /// <summary>The disk as one process sees it, until that process ends.</summary>
    public Session Mount() => new(this);

    /// <summary>Whether a text would still be there if the power failed now.</summary>
    public bool HoldsDurably(ReadOnlySpan<byte> text)
    {
        foreach (var file in _files.Values)
        {
            if (file.Durable.LastIndexOf(text) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    public void LosePower()
    {
        foreach (var file in _files.Values)
        {
            foreach (var (offset, bytes) in file.Dirty)
            {
                for (var start = offset; start < offset + bytes.Length;)
                {
                    var end = Math.Min(((start / Sector) + 1) * Sector, offset + bytes.Length);
                    if (chance.Next(2) == 0)
                    {
                        file.Durable.Write(bytes.AsSpan((int)(start - offset), (int)(end - start)), start);
                    }

                    start = end;
                }
            }

            file.Dirty.Clear();
            file.Cached.CopyFrom(file.Durable);
        }
    }

    private Content Find(string path) => _files.TryGetValue(path, out var file) ? file : _files[path] = new Content();

    /// <summary>What one process may do, and what goes wrong.</summary>
    public sealed class Session(MemoryDisk disk) : IDisk
    {
        private int _callsLeft = int.MaxValue;
        private Mishap _mishap;

        /// <summary>The process is gone: nothing that it still does has any effect.</summary>
        public bool IsDead { get; private set; }

        public void Kill() => IsDead = true;

        /// <summary>Something goes wrong in the <paramref name="calls"/>-th write or sync from now.</summary>
        public void Plan(Mishap mishap, int calls) => (_mishap, _callsLeft) = (mishap, calls);

        public IDiskFile Open(string path) => new OpenFile(this, disk.Find(path));

        public IDiskFile OpenToRead(string path) => new OpenFile(this, disk._files[path]);

        public IEnumerable<string> NamesIn(string folder) => disk._files.Keys.Where(path => Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path));

        public long FreeBytes(string folder) => long.MaxValue;

        public void SyncFolder(string path) => RefuseDead();

        public void Rename(string from, string to)
        {
            RefuseDead();
            disk._files.Remove(from, out var file);
            disk._files[to] = file!;
        }

        private void RefuseDead()
        {
            if (IsDead)
            {
                throw new IOException("the process is gone");
            }
        }

        private Mishap? Next()
        {
            RefuseDead();
            if (--_callsLeft > 0)
            {
                return null;
            }

            _callsLeft = int.MaxValue;
            IsDead = _mishap is Mishap.KillBefore or Mishap.KillHalfway or Mishap.KillAfter;
            return _mishap;
        }

        private sealed class OpenFile(Session session, Content file) : IDiskFile
        {
            public long Length => file.Cached.Length;

            public int Write(ReadOnlySpan<byte> bytes, long offset)
            {
                var mishap = session.Next();
                var taken = mishap is null or Mishap.KillAfter ? bytes.Length : mishap is Mishap.KillBefore ? 0 : bytes.Length / 2;
                file.Cached.Write(bytes[..taken], offset);
                file.Dirty.Add((offset, bytes[..taken].ToArray()));
                return mishap is null or Mishap.Short ? taken : throw new IOException($"injected: {mishap}");
            }

            public int Read(Span<byte> bytes, long offset) => file.Cached.Read(bytes, offset);

            public void Sync()
            {
                var mishap = session.Next();
                if (mishap is Mishap.Fail or Mishap.Short)
                {
                    file.Dirty.RemoveAll(_ => session.Chance.Next(2) == 0);
                }
                else if (mishap is null or Mishap.KillAfter)
                {
                    file.Dirty.ForEach(write => file.Durable.Write(write.Bytes, write.Offset));
                    file.Dirty.Clear();
                }

                if (mishap is not null)
                {
                    throw new IOException($"injected: {mishap}");
                }
            }

            public void Allocate(long length) => throw new NotSupportedException("there is no reserve in a simulation");

            public void Truncate(long length)
            {
                session.RefuseDead();
                file.Cached.Truncate(length);
                file.Durable.Truncate(length);
                file.Dirty.RemoveAll(write => write.Offset >= length);
            }

            public void Dispose()
            {
                // Nothing is buffered outside the disk.
            }
        }

        private Random Chance => disk.Chance;
    }

    private Random Chance => chance;

    private sealed class Content
    {
        public Bytes Cached { get; } = new();

        public Bytes Durable { get; } = new();

        public List<(long Offset, byte[] Bytes)> Dirty { get; } = [];
    }

    private sealed class Bytes
    {
        private byte[] _bytes = new byte[4096];
        private int _length;

        public long Length => _length;

        public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

        public int LastIndexOf(ReadOnlySpan<byte> text) => Span.LastIndexOf(text);

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            var end = (int)offset + bytes.Length;
            if (end > _bytes.Length)
            {
                Array.Resize(ref _bytes, Math.Max(end, 2 * _bytes.Length));
            }

            bytes.CopyTo(_bytes.AsSpan((int)offset));
            _length = Math.Max(_length, end);
        }

        public int Read(Span<byte> bytes, long offset)
        {
            var size = Math.Clamp(_length - (int)offset, 0, bytes.Length);
            _bytes.AsSpan((int)offset, size).CopyTo(bytes);
            return size;
        }

        public void Truncate(long length)
        {
            _bytes.AsSpan((int)Math.Min(length, _length)).Clear();
            _length = (int)Math.Min(length, _length);
        }

        public void CopyFrom(Bytes other)
        {
            (_bytes, _length) = ([.. other.Span], 0);
            _length = (int)other.Length;
        }
    }
}

/// <summary>What goes wrong in one call to the disk.</summary>
internal enum Mishap
{
    /// <summary>It fails.</summary>
    Fail,

    /// <summary>Only half is written; a sync fails.</summary>
    Short,

    /// <summary>The process is killed before anything happened.</summary>
    KillBefore,

    /// <summary>… in the middle.</summary>
    KillHalfway,

    /// <summary>… after it happened.</summary>
    KillAfter,
}
