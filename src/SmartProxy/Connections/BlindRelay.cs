using System.IO.Pipelines;
using System.Net.Sockets;

namespace SmartProxy.Connections;

/// <summary>Copies bytes both ways, unseen, until both sides have finished, one fails, or nothing has moved for a while.</summary>
internal static class BlindRelay
{
    private const int ReadBytes = 16 * 1024;

    /// <param name="agent">The agent's side.</param>
    /// <param name="origin">The origin's side.</param>
    /// <param name="idle">How long nothing may move.</param>
    /// <param name="cancellationToken">Ends the relay at once.</param>
    public static async Task RunAsync(IDuplexPipe agent, Socket origin, TimeSpan idle, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stop.CancelAfter(idle);
        var up = GuardAsync(UpAsync(agent.Input, origin, stop, idle), stop);
        var down = GuardAsync(DownAsync(origin, agent.Output, stop, idle), stop);
        await Task.WhenAll(up, down);
    }

    // The agent's end of stream is passed on while the answer may still be coming.
    private static async Task UpAsync(PipeReader agent, Socket origin, CancellationTokenSource stop, TimeSpan idle)
    {
        while (true)
        {
            var result = await agent.ReadAsync(stop.Token);
            stop.CancelAfter(idle);
            foreach (var piece in result.Buffer)
            {
                for (var left = piece; !left.IsEmpty;)
                {
                    left = left[await origin.SendAsync(left, SocketFlags.None, stop.Token)..];
                }
            }

            agent.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || result.IsCanceled)
            {
                origin.Shutdown(SocketShutdown.Send);
                return;
            }
        }
    }

    // The server can't close one direction of the agent's connection only: the origin's end of stream ends the tunnel once it is delivered.
    private static async Task DownAsync(Socket origin, PipeWriter agent, CancellationTokenSource stop, TimeSpan idle)
    {
        while (true)
        {
            // Waiting without a buffer keeps an idle tunnel small.
            await origin.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, stop.Token);
            var count = await origin.ReceiveAsync(agent.GetMemory(ReadBytes), SocketFlags.None, stop.Token);
            if (count == 0)
            {
                await agent.CompleteAsync();
                return;
            }

            stop.CancelAfter(idle);
            agent.Advance(count);
            var flushed = await agent.FlushAsync(stop.Token);
            if (flushed.IsCompleted)
            {
                return;
            }
        }
    }

    private static async Task GuardAsync(Task direction, CancellationTokenSource stop)
    {
        try
        {
            await direction;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One broken direction ends the other.
            await stop.CancelAsync();
        }
    }
}
