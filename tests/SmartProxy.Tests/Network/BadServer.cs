using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Tests.Network;

/// <summary>How one connection of a server goes wrong, or right.</summary>
/// <param name="Leaf">Its certificate; null where none is ever shown.</param>
internal sealed record ServerScript(X509Certificate2? Leaf = null, params X509Certificate2[] Intermediates)
{
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Whether the server's own library is told to take what is not secure any more.</summary>
    public bool IsObsolete { get; init; }

    public bool AsksForCertificate { get; init; }

    /// <summary>What is done in place of a handshake, after the first bytes have come.</summary>
    public Func<Stream, Task>? Instead { get; init; }

    /// <summary>What is done after the first request in place of an answer.</summary>
    public Func<SslStream, Task>? AtRequest { get; init; }
}

/// <summary>A TLS server on a socket that counts what reaches it once its TLS is up. Each connection takes the next script, the last one stays.</summary>
internal sealed class BadServer : IDisposable
{
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ServerScript[] _scripts;
    private int _requestBytes;
    private int _connections;

    public BadServer(params ServerScript[] scripts)
    {
        _scripts = scripts;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes of requests, decrypted; or of anything that came in clear and is no TLS record.</summary>
    public int RequestBytes => Volatile.Read(ref _requestBytes);

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The certificate that a client showed last, if any.</summary>
    public string? ClientThumbprint { get; private set; }

    /// <summary>The server name that a client asked for last.</summary>
    public string? ServerName { get; private set; }

    /// <summary>The last request as it came.</summary>
    public string Head { get; private set; } = "";

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                var script = _scripts[Math.Min(_scripts.Length, Interlocked.Increment(ref _connections)) - 1];
                _ = ServeAsync(client, script);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client, ServerScript script)
    {
        using (client)
        {
            try
            {
                await (script.Instead is { } instead ? RefuseAsync(client.GetStream(), instead) : ShakeHandsAsync(client.GetStream(), script));
            }
            catch (Exception e) when (e is IOException or AuthenticationException or InvalidOperationException)
            {
                // The client went away, as it should.
            }
        }
    }

    private async Task RefuseAsync(NetworkStream stream, Func<Stream, Task> instead)
    {
        var buffer = new byte[16 * 1024];
        for (int count, round = 0; (count = await stream.ReadAsync(buffer)) > 0; round++)
        {
            // Handshake records and alerts are no request; application data would be, and anything in clear.
            if (buffer[0] is not (0x14 or 0x15 or 0x16))
            {
                Interlocked.Add(ref _requestBytes, count);
            }

            if (round == 0)
            {
                await instead(stream);
            }
        }
    }

    private async Task ShakeHandsAsync(NetworkStream stream, ServerScript script)
    {
        using var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(OptionsOf(script));
        var buffer = new byte[16 * 1024];
        for (int count; (count = await tls.ReadAsync(buffer)) > 0;)
        {
            Interlocked.Add(ref _requestBytes, count);
            (ServerName, Head) = (tls.TargetHostName, System.Text.Encoding.Latin1.GetString(buffer, 0, count));
            if (script.AtRequest is { } atRequest)
            {
                await atRequest(tls);
                return;
            }

            await tls.WriteAsync(Answer);
        }
    }

    private bool Remember(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        ClientThumbprint = certificate?.GetCertHashString();
        return certificate is not null || errors == SslPolicyErrors.RemoteCertificateNotAvailable;
    }

    private SslServerAuthenticationOptions OptionsOf(ServerScript script) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(script.Leaf!, [.. script.Intermediates], offline: true),
        EnabledSslProtocols = script.Protocols,
        ClientCertificateRequired = script.AsksForCertificate,
        AllowRenegotiation = true,
        RemoteCertificateValidationCallback = Remember,
#pragma warning disable SYSLIB0040 // the only way to a server that shows short keys and broken signatures
        EncryptionPolicy = script.IsObsolete ? EncryptionPolicy.AllowNoEncryption : EncryptionPolicy.RequireEncryption,
#pragma warning restore SYSLIB0040
    };
}
