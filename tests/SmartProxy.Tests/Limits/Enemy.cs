using System.Globalization;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>
/// The attackers and the origin that is on their side, in a process of their own. It says its origin's port, and then takes orders, one a line, fields
/// between tabs: <c>attack NAME PORT COUNT CREDENTIALS CREDENTIALS</c> is answered when all have taken hold, <c>expect</c> when most were answered as
/// expected, with nothing, <c>stop</c> with what they were answered.
/// </summary>
internal static class Enemy
{
    public const string Argument = "enemy";

    public static async Task<int> RunAsync()
    {
        await using var origin = await BadOrigin.StartAsync();
        Console.WriteLine(origin.Port);
        Attackers? attackers = null;
        while (await Console.In.ReadLineAsync() is { } order)
        {
            switch (order.Split('\t'))
            {
                case ["attack", var name, var port, var count, .. var credentials]:
                    var attack = Attack.Of(name);
                    attackers = new Attackers(
                        attack,
                        Number(count),
                        origin,
                        () => RawClient.ConnectAsync(Number(port), CancellationToken.None),
                        number => attack.Sends(number, origin.Port, credentials[number % credentials.Length]));
                    await attackers.HeldAsync();
                    Console.WriteLine("held");
                    break;
                case ["expect"]:
                    Console.WriteLine(await attackers!.ExpectedAsync());
                    break;
                case ["stop"]:
                    Console.WriteLine(await attackers!.StopAsync());
                    break;
                default:
                    return 2;
            }
        }

        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
