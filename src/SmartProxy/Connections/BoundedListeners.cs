using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace SmartProxy.Connections;

/// <summary>
/// Accepts no further connection while as many are open as <see cref="ConnectionSlots"/> has places, and a few more: a connection that makes room is
/// still open for a moment, and in a rush of newcomers those moments took all files of the process, which does not live through that. Who is not
/// accepted waits with the operating system.
/// </summary>
internal sealed class BoundedListeners(SocketTransportFactory inner, ConnectionSlots slots) : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    // For newcomers, so that somebody makes room; fewer than OpenFiles keeps free.
    private const int Beyond = 16;

    private readonly SemaphoreSlim _room = new(slots.Most + Beyond);

    public bool CanBind(EndPoint endpoint) => ((IConnectionListenerFactorySelector)inner).CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await inner.BindAsync(endpoint, cancellationToken), _room);

    public void Dispose() => _room.Dispose();

    private sealed class Listener(IConnectionListener inner, SemaphoreSlim room) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await room.WaitAsync(_unbound.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            var connection = await inner.AcceptAsync(cancellationToken);
            if (connection is null)
            {
                room.Release();
            }
            else
            {
                connection.ConnectionClosed.UnsafeRegister(static room => ((SemaphoreSlim)room!).Release(), room);
            }

            return connection;
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await inner.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await _unbound.CancelAsync();
            await inner.DisposeAsync();
            _unbound.Dispose();
        }
    }
}
