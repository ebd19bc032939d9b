using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Targets;

/// <summary>
/// Resolves and dials. The decision falls on the address that is dialled, never on the name: a name is resolved once, every answer is judged,
/// one bad answer refuses the name, and only judged addresses are connected to.
/// </summary>
internal sealed class DestinationGuard
{
    private readonly OwnListeners _own;
    private readonly NameLookups _lookups;
    private readonly OriginPlaces _places;
    private readonly TimeSpan _resolveTime;
    private readonly TimeSpan _connectTime;
    private readonly EgressRule[] _allowed;
    private readonly EgressRule[] _denied;

    /// <param name="own">Where this process listens.</param>
    /// <param name="lookups">Resolves names; asked once per connection.</param>
    /// <param name="places">Where every connection takes a place.</param>
    /// <param name="egress">The operator's exceptions and denials.</param>
    /// <param name="upstream">How long it may take to connect.</param>
    public DestinationGuard(OwnListeners own, NameLookups lookups, OriginPlaces places, IOptions<EgressOptions> egress, IOptions<UpstreamOptions> upstream)
    {
        _own = own;
        _lookups = lookups;
        _places = places;
        _resolveTime = TimeSpan.FromSeconds(egress.Value.ResolveSeconds);
        _connectTime = TimeSpan.FromSeconds(upstream.Value.ConnectSeconds);
        _allowed = [.. egress.Value.Allow.Select((text, index) => ParseRule(nameof(EgressOptions.Allow), index, text))];
        _denied = [.. egress.Value.Deny.Select((text, index) => ParseRule(nameof(EgressOptions.Deny), index, text))];
    }

    /// <summary>Connects to a host's first reachable address, for an agent. One that does not answer leaves time for those behind it.</summary>
    /// <exception cref="DestinationException">The host is refused, does not resolve or does not answer, or too many names are being resolved or connections are in use.</exception>
    public async ValueTask<Socket> DialAsync(AgentId agent, HostName host, int port, CancellationToken cancellationToken)
    {
        // INVARIANT: the array that was judged is the array that is dialled; nobody resolves again in between.
        var started = Stopwatch.GetTimestamp();
        var addresses = await ResolveAsync(agent, host, cancellationToken);
        if (!Array.TrueForAll(addresses, address => MayDial(address, port)))
        {
            throw new DestinationException(DestinationFailure.NotAllowed, host);
        }

        SocketException? last = null;
        foreach (var (index, address) in addresses.Index())
        {
            try
            {
                var part = index == addresses.Length - 1 ? Timeout.InfiniteTimeSpan : PartOf(_connectTime - Stopwatch.GetElapsedTime(started), addresses.Length - index);
                return await ConnectAsync(new IPEndPoint(address, port), _places.Take(agent, host), part, cancellationToken);
            }
            catch (SocketException e)
            {
                last = e;
            }
        }

        throw new DestinationException(DestinationFailure.ConnectFailed, host, last);
    }

    /// <summary>
    /// Judges one address, and the IPv4 address that it leads to, if any. Our own listeners come first, with what the operator denies. Then the
    /// operator's exact exceptions. What is special else needs a block, and some of it no block opens.
    /// </summary>
    public bool MayDial(IPAddress address, int port)
    {
        var embedded = SpecialRanges.EmbeddedIn(address);
        if (IsClosed(address, port) || (embedded is not null && IsClosed(embedded, port)))
        {
            return false;
        }

        return Covers<EgressRule.Exact>(_allowed, address, port) || (IsOpen(address, port) && (embedded is null || IsOpen(embedded, port)));
    }

    private bool IsClosed(IPAddress address, int port) => _own.Contains(address, port) || Covers<EgressRule>(_denied, address, port);

    private bool IsOpen(IPAddress address, int port)
    {
        if (Covers<EgressRule.Exact>(_allowed, address, port))
        {
            return true;
        }

        return !SpecialRanges.NeedsExactException(address) && (!SpecialRanges.IsSpecial(address) || Covers<EgressRule.Block>(_allowed, address, port));
    }

    private static bool Covers<T>(EgressRule[] rules, IPAddress address, int port)
        where T : EgressRule
    {
        foreach (var rule in rules)
        {
            if (rule is T && rule.Covers(address, port))
            {
                return true;
            }
        }

        return false;
    }

    // As much of what is left as each of those that remain has, and once more for TLS.
    private static TimeSpan PartOf(TimeSpan left, int remaining) => left > TimeSpan.Zero ? left / (remaining + 1) : TimeSpan.Zero;

    /// <exception cref="SocketException">It refused, or did not answer in its part of the time.</exception>
    private static async ValueTask<Socket> ConnectAsync(IPEndPoint endpoint, AgentQuota.Share place, TimeSpan part, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(part);
        var socket = new OriginSocket(endpoint, place);
        try
        {
            await socket.ConnectAsync(endpoint, deadline.Token);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new SocketException((int)SocketError.TimedOut);
            }

            throw;
        }
    }

    private async ValueTask<IPAddress[]> ResolveAsync(AgentId agent, HostName host, CancellationToken cancellationToken)
    {
        if (host.IsAddress)
        {
            return [IPAddress.Parse(host.Value)];
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_resolveTime);
        try
        {
            var addresses = await _lookups.ResolveAsync(agent, host).WaitAsync(deadline.Token);
            return addresses.Length > 0 ? addresses : throw new DestinationException(DestinationFailure.DnsFailed, host);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new DestinationException(DestinationFailure.DnsFailed, host, e);
        }
    }

    private static EgressRule ParseRule(string setting, int index, string text) =>
        EgressRule.TryParse(text, out var rule)
            ? rule
            : throw new InvalidDataException($"SmartProxy:Egress:{setting}[{index}]: expected {EgressRule.Expected}, found `{text}`");
}

internal enum DestinationFailure
{
    NotAllowed,
    DnsFailed,
    ConnectFailed,

    /// <summary>The agent has as many names looked up as it may.</summary>
    TooManyLookups,

    /// <summary>The agent has as many connections to origins in use as it may.</summary>
    TooManyConnections,

    /// <summary>All together have as many of either.</summary>
    Overloaded,
}

/// <summary>Why a destination was not reached; no byte has been sent to it.</summary>
internal sealed class DestinationException(DestinationFailure failure, HostName host, Exception? inner = null)
    : IOException($"{host}: {failure}", inner)
{
    public DestinationFailure Failure => failure;
}
