using BenchmarkDotNet.Running;

namespace SmartProxy.Benchmarks;

internal static class Entry
{
    private static void Main(string[] args)
    {
        if (args is ["journal", ..])
        {
            JournalFigures.Run(args.AsSpan(1));
            return;
        }

        BenchmarkSwitcher.FromAssembly(typeof(Entry).Assembly).Run(args);
    }
}
