using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SmartProxy.Installation;

namespace SmartProxy.Storage;

/// <summary>
/// The local disk through libc. The base library's flush hides a failing <c>fsync</c> on Linux (its shim returns 1, the caller looks for a
/// negative number), so <c>fdatasync</c> is called directly and its result checked.
/// </summary>
internal sealed partial class PosixDisk : IDisk
{
    // ENOSPC and EDQUOT.
    private const int NoSpace = 28;
    private const int QuotaOnLinux = 122;
    private const int QuotaOnMac = 69;

    public IDiskFile Open(string path) => new PosixFile(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);

    public IDiskFile OpenToRead(string path) => new PosixFile(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    public IEnumerable<string> NamesIn(string folder) => Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)) : [];

    public void SyncFolder(string path)
    {
        var folder = Native.open(path, flags: 0);
        if (folder < 0)
        {
            throw Failed("open", path);
        }

        var synced = Native.fsync(folder);
        CrashPoint.Reach("folder-synced");
        var failure = synced < 0 ? Failed("fsync", path) : null;
        _ = Native.close(folder);
        if (failure is not null)
        {
            throw failure;
        }
    }

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    private static IOException Failed(string call, string path) => Failed(call, path, Marshal.GetLastPInvokeError());

    private static IOException Failed(string call, string path, int error)
    {
        var message = $"{call} of `{path}` failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
        return error == NoSpace || error == (OperatingSystem.IsMacOS() ? QuotaOnMac : QuotaOnLinux) ? new DiskFullException(message) : new IOException(message);
    }

    private sealed class PosixFile : IDiskFile
    {
        private readonly string _path;
        private readonly FileStream _stream;
        private readonly SafeFileHandle _handle;

        public PosixFile(string path, FileMode mode, FileAccess access, FileShare share)
        {
            var options = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = 0 };
            if (!OperatingSystem.IsWindows() && mode is FileMode.OpenOrCreate)
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            _path = path;
            _stream = new FileStream(path, options);
            _handle = _stream.SafeFileHandle;
            if (access is not FileAccess.Read)
            {
                CrashPoint.Reach(CrashPoint.KindOf(path) + "-opened");
            }
        }

        public long Length => RandomAccess.GetLength(_handle);

        public int Write(ReadOnlySpan<byte> bytes, long offset)
        {
            CrashPoint.Reach(CrashPoint.KindOf(_path) + "-write");
            var written = Native.pwrite(_handle, bytes, bytes.Length, offset);
            CrashPoint.Reach(CrashPoint.KindOf(_path) + "-written");
            return written < 0 ? throw Failed("pwrite", _path) : (int)written;
        }

        public int Read(Span<byte> bytes, long offset)
        {
            var total = 0;
            while (total < bytes.Length && RandomAccess.Read(_handle, bytes[total..], offset + total) is var read and > 0)
            {
                total += read;
            }

            return total;
        }

        public void Sync()
        {
            if (Native.fdatasync(_handle) != 0)
            {
                throw Failed("fdatasync", _path);
            }

            CrashPoint.Reach(CrashPoint.KindOf(_path) + "-synced");
        }

        public void Truncate(long length)
        {
            if (Native.ftruncate(_handle, length) != 0)
            {
                throw Failed("ftruncate", _path);
            }

            CrashPoint.Reach(CrashPoint.KindOf(_path) + "-cut");
        }

        public void Allocate(long length)
        {
            if (!OperatingSystem.IsLinux())
            {
                Truncate(length); // room for it is not promised there
                return;
            }

            var error = Native.posix_fallocate(_handle, 0, length);
            if (error != 0)
            {
                throw Failed("posix_fallocate", _path, error);
            }
        }

        public void Dispose() => _stream.Dispose();
    }

    private static partial class Native
    {
        [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int open(string path, int flags);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial int close(int file);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial int fsync(int file);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial int fdatasync(SafeFileHandle file);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial int ftruncate(SafeFileHandle file, long length);

        [LibraryImport("libc")]
        internal static partial int posix_fallocate(SafeFileHandle file, long offset, long length);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial nint pwrite(SafeFileHandle file, ReadOnlySpan<byte> bytes, nint count, long offset);
    }
}
