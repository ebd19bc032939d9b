using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Options;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Identity;
using SmartProxy.Options;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// Reads what a connection begins with. One that begins with CONNECT becomes a tunnel, relayed unseen or served by Kestrel inside;
/// any other one passes on as it is.
/// </summary>
internal sealed partial class ConnectMiddleware(
    IAgentAuthenticator authenticator,
    IPolicyView policy,
    Admission admission,
    TunnelRegistry tunnels,
    DestinationGuard guard,
    IOptions<ConnectionOptions> options,
    IOptions<UpstreamOptions> upstream,
    ILogger<ConnectMiddleware> logger)
{
    private const byte TlsHandshake = 0x16;

    private readonly ConnectionOptions _limits = options.Value;

    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        // Kestrel knows nothing of a connection that is still in here: its shutdown has to be heard.
        var shutdown = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        try
        {
            await OpenAsync(connection, next, shutdown);
        }
        catch (Exception e) when (e is OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
            // Too slow, shutting down, or gone: there is nobody to tell.
        }
    }

    /// <remarks>
    /// 1. Read a head, in time and within its size. 2. Without good credentials: 407, and the next head on the same connection (curl and Java
    /// send them on the second try). 3. Ask the policy. 4. Tunnel.
    /// </remarks>
    private async Task OpenAsync(ConnectionContext connection, ConnectionDelegate next, CancellationToken shutdown)
    {
        for (var challenges = 0; challenges <= _limits.Challenges; challenges++)
        {
            var opening = await ReadOpeningAsync(connection.Transport.Input, shutdown);
            if (opening.Kind == OpeningKind.Plain)
            {
                TunnelTls.StepAside(connection);
                await next(connection);
                return;
            }

            if (opening.Kind != OpeningKind.Connect)
            {
                await EndAsync(connection, opening.Kind == OpeningKind.Malformed ? ConnectReplies.Malformed : null);
                return;
            }

            if (authenticator.Authenticate(opening.Head.ProxyAuthorization) is { } identity)
            {
                await TunnelAsync(connection, next, identity, opening.Head, shutdown);
                return;
            }

            await connection.Transport.Output.WriteAsync(ConnectReplies.Challenge, shutdown);
        }

        await EndAsync(connection, reply: null);
    }

    private async Task TunnelAsync(ConnectionContext connection, ConnectionDelegate next, AgentIdentity identity, ConnectHead head, CancellationToken shutdown)
    {
        var treatment = policy.Treat(identity.Agent, head.Host, head.Port);
        Refusal? refusal = treatment switch
        {
            TunnelTreatment.Intercept or TunnelTreatment.Blind => admission.Tunnel(connection.Features.Get<ConnectionSlot>(), identity.Agent),
            TunnelTreatment.Refuse => EgressRefusals.NotListed,
            TunnelTreatment.RefusePort => EgressRefusals.Port,
        };
        if (refusal is not null)
        {
            LogRefused(identity.Agent, head.Host, head.Port, refusal.Reason);
            await EndAsync(connection, ConnectReplies.From(refusal));
            return;
        }

        var tunnel = tunnels.Add(identity, head.Host, head.Port, treatment);
        try
        {
            await (tunnel.IsBlind ? RelayAsync(connection, tunnel, shutdown) : ServeInsideAsync(connection, next, tunnel, shutdown));
        }
        finally
        {
            tunnels.Close(tunnel);
        }
    }

    /// <summary>Relays bytes unseen. The origin is reached before the agent hears <c>200</c>.</summary>
    private async Task RelayAsync(ConnectionContext connection, Tunnel tunnel, CancellationToken shutdown)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(tunnel.Ended, shutdown);
        Socket origin;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            deadline.CancelAfter(TimeSpan.FromSeconds(upstream.Value.ConnectSeconds));
            origin = await guard.DialAsync(tunnel.Identity.Agent, tunnel.Host, tunnel.Port, deadline.Token);
        }
        catch (Exception e) when (e is DestinationException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            await EndAsync(connection, ConnectReplies.From(UpstreamFailures.From(e)));
            return;
        }

        using (origin)
        {
            await connection.Transport.Output.WriteAsync(ConnectReplies.Established, stop.Token);
            await BlindRelay.RunAsync(connection.Transport, origin, TimeSpan.FromSeconds(_limits.TunnelIdleSeconds), stop.Token);
        }

        if (stop.IsCancellationRequested)
        {
            connection.Abort(new ConnectionAbortedException("the tunnel was ended"));
        }
    }

    /// <summary>Lets Kestrel serve what is inside: TLS, or plain HTTP, which some clients tunnel too. Nothing else is guessed.</summary>
    private async Task ServeInsideAsync(ConnectionContext connection, ConnectionDelegate next, Tunnel tunnel, CancellationToken shutdown)
    {
        await using var ended = tunnel.Ended.UnsafeRegister(
            static state => ((ConnectionContext)state!).Abort(new ConnectionAbortedException("the tunnel was ended")), connection);
        await connection.Transport.Output.WriteAsync(ConnectReplies.Established, shutdown);

        var first = await PeekAsync(connection.Transport.Input, shutdown);
        if (first != TlsHandshake && !(first is { } letter && char.IsAsciiLetterUpper((char)letter)))
        {
            return;
        }

        tunnel.IsTls = first == TlsHandshake;
        TunnelTls.StepIn(connection);
        if (!tunnel.IsTls)
        {
            TunnelTls.StepAside(connection);
        }

        connection.Features.Set<ITunnelFeature>(tunnel);
        await next(connection);
    }

    private async ValueTask<Opening> ReadOpeningAsync(PipeReader input, CancellationToken shutdown)
    {
        using var deadline = Deadline(shutdown);
        while (true)
        {
            var result = await input.ReadAsync(deadline.Token);
            var buffer = result.Buffer;
            var isConnect = ConnectHead.IsConnect(buffer);
            if (isConnect == false)
            {
                input.AdvanceTo(buffer.Start);
                return new Opening(OpeningKind.Plain);
            }

            if (isConnect == true && ConnectHead.FindEnd(buffer) is { } end)
            {
                // Bytes after the head were sent before anyone said 200: whose are they?
                var isAlone = end == buffer.Length && end <= _limits.HeadBytes;
                var isGood = ConnectHead.TryParse(buffer.Slice(0, end), out var head) && isAlone;
                input.AdvanceTo(buffer.GetPosition(end));
                return isGood ? new Opening(OpeningKind.Connect, head) : new Opening(OpeningKind.Malformed);
            }

            var isTooLong = buffer.Length > _limits.HeadBytes;
            input.AdvanceTo(buffer.Start, buffer.End);
            if (isTooLong || result.IsCompleted)
            {
                return new Opening(isTooLong ? OpeningKind.Malformed : OpeningKind.Closed);
            }
        }
    }

    private async ValueTask<byte?> PeekAsync(PipeReader input, CancellationToken shutdown)
    {
        using var deadline = Deadline(shutdown);
        var result = await input.ReadAsync(deadline.Token);
        byte? first = result.Buffer.IsEmpty ? null : result.Buffer.FirstSpan[0];
        input.AdvanceTo(result.Buffer.Start);
        return first;
    }

    private CancellationTokenSource Deadline(CancellationToken shutdown)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(shutdown);
        deadline.CancelAfter(TimeSpan.FromSeconds(_limits.HeadSeconds));
        return deadline;
    }

    private static async Task EndAsync(ConnectionContext connection, byte[]? reply)
    {
        if (reply is not null)
        {
            await connection.Transport.Output.WriteAsync(reply, CancellationToken.None);
        }

        await connection.Transport.Output.CompleteAsync();
    }

    [LoggerMessage(EventId = 1202, Level = LogLevel.Information, Message = "Tunnel of {Agent} to {Host}:{Port} refused: {Reason}")]
    private partial void LogRefused(AgentId agent, HostName host, int port, string reason);

    private enum OpeningKind
    {
        Plain,
        Connect,
        Malformed,
        Closed,
    }

    private readonly record struct Opening(OpeningKind Kind, ConnectHead Head = default);
}
