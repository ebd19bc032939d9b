using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SmartProxy.Tests.Network;

/// <summary>
/// A DNS server on a UDP socket (RFC 1035) whose answers a test writes, all with a time to live of zero, and the stub resolver that asks it: A and
/// AAAA, joined, as the system's resolver does.
/// </summary>
internal sealed class TestDns : IDisposable
{
    private const ushort TypeA = 1;
    private const ushort TypeAaaa = 28;
    private const int HeadLength = 12;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Func<string, IEnumerable<IPAddress>> _answers;
    private int _queries;

    /// <param name="answers">What a name has at the moment of the question.</param>
    public TestDns(Func<string, IEnumerable<IPAddress>> answers)
    {
        _answers = answers;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _ = ServeAsync();
    }

    /// <summary>Questions for A and AAAA together.</summary>
    public int Queries => Volatile.Read(ref _queries);

    public async Task<IPAddress[]> ResolveAsync(string name) => [.. await AskAsync(name, TypeA), .. await AskAsync(name, TypeAaaa)];

    public void Dispose() => _socket.Dispose();

    private async Task ServeAsync()
    {
        var buffer = new byte[512];
        try
        {
            while (true)
            {
                var question = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                Interlocked.Increment(ref _queries);
                await _socket.SendToAsync(Answer(buffer.AsSpan(0, question.ReceivedBytes)), question.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private byte[] Answer(ReadOnlySpan<byte> question)
    {
        var name = ReadName(question[HeadLength..]);
        var type = BinaryPrimitives.ReadUInt16BigEndian(question[^4..]);
        var family = type == TypeA ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        var addresses = _answers(name).Where(address => address.AddressFamily == family).ToList();
        var answer = new List<byte>(question.ToArray()) { [2] = 0x84, [3] = 0, [7] = (byte)addresses.Count };
        foreach (var address in addresses)
        {
            // The name by a pointer to the question, the type, IN, a time to live of zero, the address.
            var bytes = address.GetAddressBytes();
            answer.AddRange([0xc0, HeadLength, 0, (byte)type, 0, 1, 0, 0, 0, 0, 0, (byte)bytes.Length, .. bytes]);
        }

        return [.. answer];
    }

    private async Task<IEnumerable<IPAddress>> AskAsync(string name, ushort type)
    {
        using var client = new UdpClient();
        client.Connect((IPEndPoint)_socket.LocalEndPoint!);
        byte[] question = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0, 0, (byte)type, 0, 1];
        await client.SendAsync(question);
        var answer = (await client.ReceiveAsync()).Buffer;
        var length = type == TypeA ? 4 : 16;
        return Enumerable.Range(0, answer[7]).Select(i => new IPAddress(answer.AsSpan(question.Length + (i * (HeadLength + length)) + HeadLength, length)));
    }

    private static string ReadName(ReadOnlySpan<byte> labels)
    {
        var name = new StringBuilder();
        for (; labels[0] != 0; labels = labels[(labels[0] + 1)..])
        {
            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(labels.Slice(1, labels[0])));
        }

        return name.ToString();
    }
}
