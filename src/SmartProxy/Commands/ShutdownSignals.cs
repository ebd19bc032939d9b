using System.Runtime.InteropServices;

namespace SmartProxy.Commands;

/// <summary>
/// Turns the first SIGINT, SIGTERM or SIGQUIT into a cancellation and the second one into haste; a third one ends the process as if we were not here.
/// </summary>
internal sealed class ShutdownSignals : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _hurry = new();
    private readonly PosixSignalRegistration[] _registrations;

    public ShutdownSignals(CancellationToken outer)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(outer);
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, Stop))];
    }

    /// <summary>Fires with the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Fires with the second one.</summary>
    public CancellationToken Hurry => _hurry.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
        _hurry.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = !_hurry.IsCancellationRequested;
        _ = (_stop.IsCancellationRequested ? _hurry : _stop).CancelAsync();
    }
}
