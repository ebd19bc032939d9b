using System.Runtime.InteropServices;

namespace SmartProxy.Chain;

/// <summary><c>CLOCK_BOOTTIME</c> of Linux and its equal of macOS; elsewhere the system's count of milliseconds.</summary>
internal sealed partial class BootClock : IBootClock
{
    private const int LinuxBootTime = 7;
    private const int MacContinuous = 6;

    public TimeSpan Elapsed =>
        OperatingSystem.IsLinux() ? Read(LinuxBootTime)
        : OperatingSystem.IsMacOS() ? Read(MacContinuous)
        : TimeSpan.FromMilliseconds(Environment.TickCount64);

    private static TimeSpan Read(int clock) =>
        GetTime(clock, out var time) == 0
            ? new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100))
            : throw new InvalidOperationException($"the system has no clock {clock}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
