using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>Many that do the same at once, until they are told to stop. Who is cut off or turned away comes back one to two seconds later: not all of them together.</summary>
internal sealed class Attackers
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _expected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, int> _answers = [];
    private readonly Attack _attack;
    private readonly Func<Task<RawClient>> _connect;
    private readonly Func<int, string> _request;
    private readonly BadOrigin _origin;
    private readonly Task[] _attackers;
    private int _holding;
    private int _right;

    /// <param name="attack">What they do.</param>
    /// <param name="count">How many they are.</param>
    /// <param name="origin">Who is on their side.</param>
    /// <param name="connect">Reaches the proxy.</param>
    /// <param name="request">What an attacker sends, by its number.</param>
    public Attackers(Attack attack, int count, BadOrigin origin, Func<Task<RawClient>> connect, Func<int, string> request)
    {
        (_attack, _origin, _connect, _request) = (attack, origin, connect, request);
        _attackers = new Task[count];
        for (var i = 0; i < count; i++)
        {
            var number = i;
            _attackers[i] = Task.Run(() => AttackAsync(number));
        }
    }

    private string Said => string.Join("; ", _answers.Select(answer => $"{answer.Value} x {answer.Key}"));

    /// <summary>Ends when each has taken hold once, or was turned away.</summary>
    public Task HeldAsync() => _attack.Holds == Attack.Holding.Swallowed ? _origin.SwallowedAsync(_attackers.Length) : _held.Task;

    /// <summary>
    /// Ends when more than half of them were answered as an attack that took hold is; where none need be answered, at once. What was answered instead, if
    /// that does not come.
    /// </summary>
    public async Task<string> ExpectedAsync()
    {
        if (_attack.Expects is not null && await Task.WhenAny(_expected.Task, Task.Delay(Patience)) != _expected.Task)
        {
            return Said;
        }

        return "";
    }

    /// <summary>Ends them. What they were answered, and how often.</summary>
    public async Task<string> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_attackers);
        return Said;
    }

    private async Task AttackAsync(int number)
    {
        for (var isNew = true; !_stop.IsCancellationRequested;)
        {
            try
            {
                await TryAsync(number, () => Hold(ref isNew));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                Say("turned away");
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Hold(ref isNew);
            await Task.Delay(Pause + (Pause * number / _attackers.Length), _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TryAsync(int number, Action hold)
    {
        using var client = await _connect();
        await client.SendAsync(_request(number), _stop.Token);
        await client.SendAsync(_attack.Body, _stop.Token);
        if (_attack.Holds == Attack.Holding.Sent)
        {
            hold();
        }

        var answer = await client.ReadHeadAsync(_stop.Token);
        Say(answer.Split("\r\n")[0]);
        if (_attack.Expects?.Invoke(answer) == true)
        {
            await TakeHoldAsync(client);
            hold();
            await Task.Delay(_attack.Stays ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, _stop.Token);
        }
    }

    private async Task TakeHoldAsync(RawClient client)
    {
        if (_attack.IsTls)
        {
            var tls = new SslStream(client.Stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1" }, _stop.Token);
            await tls.WriteAsync(Attack.Asks(_origin.Port), _stop.Token);
            await tls.ReadAtLeastAsync(new byte[1], 1, cancellationToken: _stop.Token);
        }

        if (Interlocked.Increment(ref _right) == (_attackers.Length / 2) + 1)
        {
            _expected.SetResult();
        }
    }

    private void Say(string answer) => _answers.AddOrUpdate(answer, 1, (_, count) => count + 1);

    private void Hold(ref bool isNew)
    {
        if (isNew && Interlocked.Increment(ref _holding) == _attackers.Length)
        {
            _held.SetResult();
        }

        isNew = false;
    }
}
