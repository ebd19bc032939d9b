namespace SmartProxy.Connections;

/// <summary>
/// The value of <c>Content-Length</c>: digits and nothing else. The server reads the value with its own, more lenient, number parser (<c>+5</c>,
/// <c>-0</c>) and forgets its text; only here can it be seen. Anything but digits becomes text that no parser takes for a number.
/// </summary>
internal sealed class LengthEncoding : FieldEncoding
{
    public static LengthEncoding Instance { get; } = new();

    protected override void Read(Span<char> value)
    {
        if (value.ContainsAnyExceptInRange('0', '9'))
        {
            value.Fill('x');
        }
    }
}
