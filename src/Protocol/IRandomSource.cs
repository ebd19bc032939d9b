using System.Security.Cryptography;

namespace SmartProxy.Protocol;

/// <summary>Chance as an argument, so that a failure can be run again from its seed.</summary>
public interface IRandomSource
{
    void Fill(Span<byte> bytes);
}

/// <summary>The operating system's cryptographic generator.</summary>
public sealed class SystemRandomSource : IRandomSource
{
    public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
}
