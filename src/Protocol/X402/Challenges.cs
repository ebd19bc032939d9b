namespace SmartProxy.Protocol.X402;

/// <summary>The challenges that end in nothing to pay.</summary>
internal static class Challenges
{
    public static Challenge NotX402(string reason) => new() { Class = ChallengeClass.NotX402, Reason = reason };

    public static Challenge Malformed(string reason) => new() { Class = ChallengeClass.Malformed, Reason = reason };

    public static Challenge Unsupported(string reason) => new() { Class = ChallengeClass.Unsupported, Reason = reason };
}
