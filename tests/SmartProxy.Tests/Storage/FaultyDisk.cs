using SmartProxy.Storage;

namespace SmartProxy.Tests.Storage;

internal enum DiskFault
{
    WriteFails,
    WriteIsShort,
    SyncFails,
}

/// <summary>The real disk, but one call of a kind fails: the n-th, counted over all files. Before and after it works: only a ledger that stops by itself stops.</summary>
internal sealed class FaultyDisk(DiskFault fault, int callThatFails) : IDisk
{
    private readonly PosixDisk _disk = new();
    private readonly DiskFault _fault = fault;
    private int _calls;

    public bool HasFailed => _calls >= callThatFails;

    public IDiskFile Open(string path) => new FaultyFile(this, _disk.Open(path));

    public void SyncFolder(string path) => _disk.SyncFolder(path);

    private bool IsTime() => ++_calls == callThatFails;

    private sealed class FaultyFile(FaultyDisk owner, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (owner._fault == DiskFault.SyncFails || !owner.IsTime())
            {
                return file.Write(bytes, offset);
            }

            var written = file.Write(bytes[..(bytes.Length / 2)], offset);
            return owner._fault == DiskFault.WriteIsShort ? written : throw new IOException("injected: no space left on device");
        }

        public int Read(Span<byte> bytes, long offset) => file.Read(bytes, offset);

        public void Sync()
        {
            if (owner._fault == DiskFault.SyncFails && owner.IsTime())
            {
                throw new IOException("injected: input/output error");
            }

            file.Sync();
        }

        public void Truncate(long length) => file.Truncate(length);

        public void Dispose() => file.Dispose();
    }
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

        public void Dispose() => file.Dispose();
    }
}
