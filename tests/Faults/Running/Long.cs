namespace SmartProxy.Faults.Tests;

/// <summary>Whether the long forms of the proofs are asked for: <c>SMARTPROXY_LONG=1</c>.</summary>
internal static class Long
{
    public static readonly bool Is = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";
}
