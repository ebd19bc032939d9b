using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// The cheapest seller there is: a line in is a payment, a line out says that it was taken. It outlives the payers that are killed, and remembers every
/// nonce that reached it.
/// </summary>
internal sealed class SignatureSink : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, bool> _nonces = new(StringComparer.OrdinalIgnoreCase);

    public SignatureSink()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Runs after each payment that came, before it is answered.</summary>
    public Action? Paid { get; set; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public IReadOnlyCollection<string> Nonces => [.. _nonces.Keys];

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using var reader = new StreamReader(client.GetStream());
            await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };

            // A line without its end was cut by the kill; whether it counts as sent nobody can say, so it counts.
            while (await reader.ReadLineAsync() is { Length: > 0 } payment)
            {
                _nonces.TryAdd(Terms.NonceOf(payment), true);
                Paid?.Invoke();
                await writer.WriteLineAsync("taken");
            }
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            // The payer died; half a header is no signature that anybody could use.
        }
        finally
        {
            client.Dispose();
        }
    }
}
