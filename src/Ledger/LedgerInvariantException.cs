namespace SmartProxy.Ledger;

/// <summary>
/// The books contradict themselves: a move that the state machine does not have, a nonce or an id that is there already. In a replay it
/// means a journal that we did not write; live it means a mistake in the caller, and nothing is recorded.
/// </summary>
public sealed class LedgerInvariantException(string message) : Exception(message);
