using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// All connections of agents. One that has not yet said whose it is waits in line, and when all places are taken a newcomer takes the place of the
/// one that has waited longest: who opens connections and says nothing loses them first, and an honest client, which speaks at once, keeps its own.
/// </summary>
internal sealed class ConnectionSlots(IOptions<ConnectionOptions> options)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<ConnectionSlot> _waiting = new();
    private int _open;

    /// <summary>How many places there are.</summary>
    public int Most { get; } = OpenFiles.Bound(options.Value.MaxConnections, OpenFiles.OfAgents);

    /// <summary>How many of them each agent may hold.</summary>
    internal AgentQuota Agents { get; } = new(OpenFiles.Bound(options.Value.MaxConnections, OpenFiles.OfAgents), options.Value.MaxConnectionsPerAgent);

    /// <summary>Connections that hold a place.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>A place for a new connection; null when every place is held by somebody who is known.</summary>
    public ConnectionSlot? TryOpen(ConnectionContext connection)
    {
        ConnectionSlot? oldest = null;
        ConnectionSlot slot;
        lock (_gate)
        {
            if (_open >= Most)
            {
                if (_waiting.First is not { } first)
                {
                    return null;
                }

                oldest = first.Value;
                Leave(oldest);
            }

            _open++;
            slot = new ConnectionSlot(this, connection);
            slot.Place = _waiting.AddLast(slot);
        }

        oldest?.Abort();
        connection.Features.Set(slot);
        return slot;
    }

    /// <summary>The first middleware of every connection: gives it a place for as long as it is open, or ends it.</summary>
    /// <param name="next">What comes then.</param>
    /// <param name="whenFull">What is said where there is no place; null where nothing can be said yet.</param>
    public ConnectionDelegate Around(ConnectionDelegate next, byte[]? whenFull) => async connection =>
    {
        using var slot = TryOpen(connection);
        if (slot is not null)
        {
            await next(connection);
        }
        else if (whenFull is not null)
        {
            await connection.Transport.Output.WriteAsync(whenFull, CancellationToken.None);
            await connection.Transport.Output.CompleteAsync();
        }
    };

    internal bool TryName(ConnectionSlot slot, AgentId agent)
    {
        lock (_gate)
        {
            if (slot.Share is not null || slot.IsClosed)
            {
                return true;
            }

            var share = Agents.Of(agent);
            if (!share.TryTake(1))
            {
                return false;
            }

            slot.Share = share;
            _waiting.Remove(slot.Place!);
            return true;
        }
    }

    internal void Close(ConnectionSlot slot)
    {
        lock (_gate)
        {
            if (!slot.IsClosed)
            {
                Leave(slot);
            }
        }
    }

    private void Leave(ConnectionSlot slot)
    {
        _open--;
        slot.IsClosed = true;
        if (slot.Share is { } share)
        {
            share.Give(1);
        }
        else
        {
            _waiting.Remove(slot.Place!);
        }
    }
}

/// <summary>The place of one connection, among its features. Its members belong to <see cref="ConnectionSlots"/> and its lock.</summary>
internal sealed class ConnectionSlot(ConnectionSlots slots, ConnectionContext connection) : IDisposable
{
    internal LinkedListNode<ConnectionSlot>? Place { get; set; }

    internal AgentQuota.Share? Share { get; set; }

    internal bool IsClosed { get; set; }

    /// <summary>Says whose connection it is; the first one that is named counts. False when that agent has too many.</summary>
    public bool TryName(AgentId agent) => slots.TryName(this, agent);

    public void Dispose() => slots.Close(this);

    internal void Abort() => connection.Abort(new ConnectionAbortedException("another connection needed the place of one that said nothing"));
}
