using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SmartProxy.Installation;

/// <summary>The few system calls that the base library hides, or whose errors it hides.</summary>
internal static partial class Unix
{
    private const int ReadOnly = 0;

    /// <summary>Makes the file's bytes durable. Unlike <c>FileStream.Flush(true)</c> this reports a failed sync.</summary>
    public static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsWindows() && SyncFile(file) != 0)
        {
            throw new IOException($"fsync failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Makes a rename inside the folder durable.</summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = OpenFile(folder, ReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open `{folder}` to sync it: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Sync(handle);
    }

    /// <summary>Whether a file belongs to the user of this process, or to root. Asked on Linux only; elsewhere the answer is yes.</summary>
    /// <exception cref="IOException">There is no such file, or it can't be looked at.</exception>
    public static unsafe bool IsOurs(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        var answer = stackalloc byte[FileFactsLength];
        if (FileFacts(FromWorkingFolder, path, 0, OwnerFact, answer) != 0)
        {
            throw new IOException($"cannot see whose file `{path}` is: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var owner = *(uint*)(answer + OwnerOffset);
        return owner == Root || owner == EffectiveUser();
    }

    /// <summary>Ends this process as <c>kill -9</c> does: nothing is flushed, nobody is told.</summary>
    public static void KillSelf() => _ = Kill(Environment.ProcessId, KillSignal);

    /// <summary>Becomes another program, with the same process id, terminal and signals. Returns only when that failed: the error number.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">All arguments, the program's name first.</param>
    /// <param name="environment">The whole environment, as <c>NAME=value</c>.</param>
    public static int Become(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        // The runtime ignores SIGPIPE, and an ignored signal stays ignored across exec: the program would never notice a closed pipe.
        _ = SetSignal(BrokenPipe, DefaultAction);
        return Execute(path, NativeTexts(arguments), NativeTexts(environment));
    }

    // Marshalled by hand: what the generator makes of an array of texts overflows under checked arithmetic.
    private static unsafe int Execute(string path, nint[] arguments, nint[] environment)
    {
        fixed (nint* first = arguments, variables = environment)
        {
            _ = Execute(path, first, variables);
            return Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>A null-terminated list of null-terminated texts; never freed, because the process is about to be another one.</summary>
    private static nint[] NativeTexts(IReadOnlyList<string> texts) => [.. texts.Select(Marshal.StringToCoTaskMemUTF8), 0];

    // struct statx, the same on every architecture (statx(2)).
    private const int FileFactsLength = 256;
    private const int OwnerOffset = 20;
    private const uint OwnerFact = 8;
    private const int FromWorkingFolder = -100;
    private const uint Root = 0;

    private const int KillSignal = 9;
    private const int BrokenPipe = 13;
    private const nint DefaultAction = 0;

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int FileFacts(int folder, string path, int flags, uint wanted, byte* answer);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SetSignal(int signal, nint action);

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execute(string path, nint* arguments, nint* environment);
}
