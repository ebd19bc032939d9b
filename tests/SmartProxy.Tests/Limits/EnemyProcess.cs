using System.Diagnostics;
using System.Globalization;

namespace SmartProxy.Tests.Limits;

/// <summary>
/// The <see cref="Enemy"/> as a process that yields to all others: attackers have machines of their own, and no share of the proxy's. In the long form,
/// which has the machine to itself, it runs only when no other process wants to (<c>SCHED_IDLE</c>, sched(7)).
/// </summary>
internal sealed class EnemyProcess : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Process _process;

    private EnemyProcess(Process process, int port) => (_process, Port) = (process, port);

    /// <summary>Of the origin on its side, on every address of the machine.</summary>
    public int Port { get; }

    public static async Task<EnemyProcess> StartAsync()
    {
        string[] yielding = ProcessLab.IsLong ? ["chrt", "--idle", "0"] : ["nice", "-n", "19"];
        var process = Process.Start(new ProcessStartInfo(yielding[0], [.. yielding[1..], "dotnet", typeof(Enemy).Assembly.Location, Enemy.Argument])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var port = await process.StandardOutput.ReadLineAsync();
        return new(process, int.Parse(port ?? throw new InvalidOperationException("the enemy did not start"), CultureInfo.InvariantCulture));
    }

    /// <summary>Ends when each of so many attackers has taken hold once, or was turned away.</summary>
    public Task AttackAsync(string name, ProxyProcess proxy, int count) =>
        OrderAsync(string.Create(CultureInfo.InvariantCulture, $"attack\t{name}\t{proxy.Address.Port}\t{count}\t{proxy.CredentialsOf("me")}\t{proxy.CredentialsOf("them")}"));

    /// <summary>Ends when more than half of them were answered as an attack that took hold is: an attack that is turned away at once attacks nothing.</summary>
    public async Task ExpectAsync() => Assert.Equal("", await OrderAsync("expect"));

    /// <summary>Ends the attack. What the attackers were answered, and how often.</summary>
    public Task<string> StopAsync() => OrderAsync("stop");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _turn.Dispose();
    }

    private async Task<string> OrderAsync(string order)
    {
        await _turn.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            await _process.StandardInput.WriteLineAsync(order);
            return await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("the enemy is gone");
        }
        finally
        {
            _turn.Release();
        }
    }
}
