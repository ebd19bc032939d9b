using SmartProxy.Installation;
using SmartProxy.Ledger;
using SmartProxy.Policy;

namespace SmartProxy.Policies;

/// <summary>
/// Puts a policy on record before it decides: its text, its registry and the change in words, once for each time that it comes into force. The
/// books refuse whatever was judged under another policy than the last one on record, so a crash between record and swap leaves nothing undecided.
/// </summary>
internal sealed class PolicyActivation(InstallationMode mode, ILedger ledger)
{
    /// <exception cref="OperatorException">Test money and real money never share books.</exception>
    public ValueTask RecordAsync(PolicySet policy, string change)
    {
        if (policy.IsTest != mode is InstallationMode.Test)
        {
            throw new OperatorException($"this data folder is for {(mode is InstallationMode.Test ? "test" : "main")} networks, and the policy names others; use a folder of its own for each (`smartproxy init`)");
        }

        return policy.Hash == ledger.Health.PolicyHash
            ? ValueTask.CompletedTask
            : ledger.RecordAsync(new LedgerEvent.PolicyActivated(policy.Hash, policy.Text, policy.Registry.CanonicalText, change));
    }
}
