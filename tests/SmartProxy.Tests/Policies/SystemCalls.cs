using System.Runtime.InteropServices;

namespace SmartProxy.Tests.Policies;

/// <summary>What orchestrators do and the base library has no word for.</summary>
internal static class SystemCalls
{
    /// <summary>Replaces a link to a folder in one step, as Kubernetes swaps <c>..data</c>.</summary>
    public static void SwapLink(string link, string target)
    {
        Directory.CreateSymbolicLink(link + "~", target);
        if (Rename(link + "~", link) != 0)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    public static void MakePipe(string path)
    {
        if (MakePipe(path, 0x180) != 0)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }
    }

    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    private static extern int Rename([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    [DllImport("libc", EntryPoint = "mkfifo", SetLastError = true)]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);
}
