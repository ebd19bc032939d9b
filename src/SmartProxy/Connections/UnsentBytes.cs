using System.Buffers.Binary;
using System.Net.Sockets;

namespace SmartProxy.Connections;

/// <summary>
/// Bounds what the operating system takes for a receiver that does not read: it would keep megabytes a connection, which no limit of a process counts.
/// </summary>
internal static class UnsentBytes
{
    /// <summary>Bytes that wait unsent in the system for one connection (<c>TCP_NOTSENT_LOWAT</c>); what is on its way does not count.</summary>
    public const int Most = 128 * 1024;

    private const int Tcp = 6;
    private const int NotSentLowWater = 25;

    /// <summary>Has to be called before the connection is made, or for the listener that accepts it. Linux only; elsewhere the system decides.</summary>
    public static void Bound(Socket socket)
    {
        if (OperatingSystem.IsLinux() && socket.ProtocolType == ProtocolType.Tcp)
        {
            Span<byte> most = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(most, Most);
            socket.SetRawSocketOption(Tcp, NotSentLowWater, most);
        }
    }
}
