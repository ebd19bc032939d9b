using System.Text;

namespace SmartProxy.Connections;

/// <summary>
/// The value of <c>Host</c> in small letters, in which hosts are compared (RFC 9110 4.2.3). The server compares it letter by letter with that of an
/// absolute target, which it has made small itself, and would refuse <c>http://Origin.test/</c> from a client that writes both alike.
/// </summary>
internal sealed class HostEncoding : FieldEncoding
{
    public static HostEncoding Instance { get; } = new();

    protected override void Read(Span<char> value) => Ascii.ToLowerInPlace(value, out _);
}
