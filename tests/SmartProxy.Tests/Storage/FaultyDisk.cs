using SmartProxy.Storage;

namespace SmartProxy.Tests.Storage;

internal enum DiskFault
{
    WriteFails,
    WriteIsShort,
    SyncFails,
    FolderSyncFails,
    OpenFails,
    RenameFails,
    TruncateFails,

    /// <summary>The power goes: this change is done half, and none after it.</summary>
    EverythingFails,
}

/// <summary>The real disk, but one call of a kind fails: the n-th, counted over all files. Before and after it works: only a ledger that stops by itself stops.</summary>
internal sealed class FaultyDisk(DiskFault fault, int callThatFails) : IDisk
{
    private readonly PosixDisk _disk = new();
    private int _calls;

    public bool HasFailed => _calls >= callThatFails;

    public IDiskFile Open(string path)
    {
        FailAt(DiskFault.OpenFails, "too many open files");
        return new FaultyFile(this, _disk.Open(path));
    }

    public void SyncFolder(string path)
    {
        FailAt(DiskFault.FolderSyncFails, "input/output error");
        _disk.SyncFolder(path);
    }

    public IDiskFile OpenToRead(string path) => _disk.OpenToRead(path);

    public IEnumerable<string> NamesIn(string folder) => _disk.NamesIn(folder);

    public void Rename(string from, string to)
    {
        FailAt(DiskFault.RenameFails, "read-only file system");
        _disk.Rename(from, to);
    }

    public long FreeBytes(string folder) => _disk.FreeBytes(folder);

    private void FailAt(DiskFault kind, string error)
    {
        if (IsTime(kind))
        {
            throw new IOException("injected: " + error);
        }
    }

    private bool IsTime(params ReadOnlySpan<DiskFault> kinds) =>
        fault == DiskFault.EverythingFails ? ++_calls >= callThatFails : kinds.Contains(fault) && ++_calls == callThatFails;

    private sealed class FaultyFile(FaultyDisk owner, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (!owner.IsTime(DiskFault.WriteFails, DiskFault.WriteIsShort))
            {
                return file.Write(bytes, offset);
            }

            var written = owner._calls == owner.CallThatFails ? file.Write(bytes[..(bytes.Length / 2)], offset) : 0;
            return owner.IsShort ? written : throw new IOException("injected: input/output error");
        }

        public int Read(Span<byte> bytes, long offset) => file.Read(bytes, offset);

        public void Sync()
        {
            owner.FailAt(DiskFault.SyncFails, "input/output error");
            file.Sync();
        }

        public void Truncate(long length)
        {
            owner.FailAt(DiskFault.TruncateFails, "input/output error");
            file.Truncate(length);
        }

        public void Allocate(long length) => file.Allocate(length);

        public void Dispose() => file.Dispose();
    }

    private int CallThatFails => callThatFails;

    private bool IsShort => fault == DiskFault.WriteIsShort;
}

/// <summary>The real disk, whose syncs wait at a gate once it is closed.</summary>
internal sealed class GatedDisk : IDisk
{
    private readonly PosixDisk _disk = new();
    private readonly ManualResetEventSlim _gate = new(initialState: true);

    public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Close() => _gate.Reset();

    public void Release() => _gate.Set();

    public IDiskFile Open(string path) => new GatedFile(this, _disk.Open(path));

    public void SyncFolder(string path) => _disk.SyncFolder(path);

    public IDiskFile OpenToRead(string path) => _disk.OpenToRead(path);

    public IEnumerable<string> NamesIn(string folder) => _disk.NamesIn(folder);

    public void Rename(string from, string to) => _disk.Rename(from, to);

    public long FreeBytes(string folder) => _disk.FreeBytes(folder);

    private sealed class GatedFile(GatedDisk owner, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Write(ReadOnlySpan<byte> bytes, long offset) => file.Write(bytes, offset);

        public int Read(Span<byte> bytes, long offset) => file.Read(bytes, offset);

        public void Sync()
        {
            if (!owner._gate.IsSet)
            {
                owner.Waiting.TrySetResult();
            }

            owner._gate.Wait();
            file.Sync();
        }

        public void Truncate(long length) => file.Truncate(length);

        public void Allocate(long length) => file.Allocate(length);

        public void Dispose() => file.Dispose();
    }
}
