using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SmartProxy.Policy;

namespace SmartProxy.Policies;

/// <summary>Reads one file of a policy, and nothing else that a path can lead to: no pipe, no device, no file that everyone may write.</summary>
internal static partial class PolicyDisk
{
    /// <exception cref="PolicyFileException">It is no file that a policy may come from; one line says why.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static SafeFileHandle Open(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        }

        // Opened without waiting: the base library would hang at a pipe until somebody writes into it.
        var descriptor = OpenFile(path, NoWait);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true)
            : !File.Exists(path) ? throw new FileNotFoundException($"there is no file at `{path}`")
            : throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    /// <summary>The whole file, or more than <paramref name="most"/> bytes of it and no more.</summary>
    /// <exception cref="PolicyFileException">It is no file that a policy may come from; one line says why.</exception>
    public static byte[] Read(SafeFileHandle handle, int most)
    {
        using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        if (!file.CanSeek)
        {
            throw new PolicyFileException("expected a regular file, found a pipe, a socket or a terminal: name a file");
        }

        if (file.Length > most)
        {
            throw TooLarge(file.Length);
        }

        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(handle).HasFlag(UnixFileMode.OtherWrite))
        {
            throw new PolicyFileException("expected a file that only its owner and group may write, found one that everyone may write: run `chmod o-w` on it");
        }

        // A device says that it is empty and gives for ever; a file may grow while it is read.
        var bytes = new byte[file.Length + 1];
        var filled = 0;
        while (file.Read(bytes, filled, bytes.Length - filled) is > 0 and var count)
        {
            filled += count;
            if (filled > most)
            {
                throw TooLarge(filled);
            }

            if (filled == bytes.Length)
            {
                Array.Resize(ref bytes, 2 * bytes.Length);
            }
        }

        return bytes[..filled];
    }

    public static PolicyFileException TooLarge(long size) =>
        new($"expected at most {PolicyText.MaxBytes / 1024 / 1024} MiB, found `{size}` bytes: drop what is not used");

    // O_NONBLOCK | O_CLOEXEC, and O_RDONLY, which is 0.
    private static int NoWait => OperatingSystem.IsMacOS() ? 0x4 | 0x1000000 : 0x800 | 0x80000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}
