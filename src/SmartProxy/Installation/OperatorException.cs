namespace SmartProxy.Installation;

/// <summary>
/// Something the operator has to put right. The message is one lower-case line: what was expected, where, and what to do. It never holds a
/// secret, because it is printed as it is.
/// </summary>
internal sealed class OperatorException(string message, int exitCode = OperatorException.Misconfigured, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The command was understood and refused, or it failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line, a setting or a file is not as expected.</summary>
    public const int Misconfigured = 2;

    public int ExitCode { get; } = exitCode;
}
