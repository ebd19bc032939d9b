using SmartProxy.Hosting;
using SmartProxy.Protocol;

namespace SmartProxy.Demo;

/// <summary>What the demo takes from the rest of the program.</summary>
/// <param name="Installer">Makes its installation.</param>
/// <param name="StartProxy">Starts a proxy inside this process.</param>
/// <param name="VerifyReceipt">Verifies a receipt against a key set. Null when it is good, else the objection.</param>
/// <param name="Recover">Who signed the authorization; null for a signature that is none.</param>
/// <param name="Time">The clock of chain, tokens and waits.</param>
/// <param name="Random">Chance for tokens.</param>
internal sealed record DemoParts(
    Installer Installer,
    Func<RunSettings, CancellationToken, Task<IDemoProxy>> StartProxy,
    Func<string, string, string?> VerifyReceipt,
    Func<TransferAuthorization, string, EvmAddress?> Recover,
    TimeProvider Time,
    IRandomSource Random);
