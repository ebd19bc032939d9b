using SmartProxy.Protocol;

namespace SmartProxy.TestKit;

/// <summary>Chance from a seed, so that a failure can be run again.</summary>
public sealed class SeededRandom(int seed) : IRandomSource
{
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();

    public void Fill(Span<byte> bytes)
    {
        lock (_gate)
        {
            _random.NextBytes(bytes);
        }
    }
}

/// <summary>Chance as a list: the bytes that a recorded run drew, in order.</summary>
public sealed class ScriptedRandom(IEnumerable<byte[]> draws) : IRandomSource
{
    private readonly Queue<byte[]> _draws = new(draws);

    public void Fill(Span<byte> bytes) => _draws.Dequeue().CopyTo(bytes);
}
