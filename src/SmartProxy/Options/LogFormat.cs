namespace SmartProxy.Options;

/// <summary>How log records look.</summary>
internal enum LogFormat
{
    Text,
    Json,

    /// <summary>No logs at all; for the demo, whose story is its output.</summary>
    None,
}
