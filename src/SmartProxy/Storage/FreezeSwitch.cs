using SmartProxy.Ledger;

namespace SmartProxy.Storage;

/// <summary>
/// The kill switch as signers see it. It closes the moment it is pressed, before the press is journaled, and opens only when the opening is
/// durable.
/// </summary>
internal sealed class FreezeSwitch(FreezeState recorded)
{
    private readonly Lock _gate = new();
    private readonly List<LedgerEvent.Frozen> _pressed = [];
    private FreezeState _recorded = recorded;
    private volatile FreezeState _state = recorded;

    public FreezeState State => _state;

    public void Press(LedgerEvent.Frozen frozen)
    {
        lock (_gate)
        {
            _pressed.Add(frozen);
            Publish();
        }
    }

    /// <summary>A freeze or its end is durable.</summary>
    public void Recorded(LedgerEvent entry)
    {
        lock (_gate)
        {
            if (entry is LedgerEvent.Frozen frozen)
            {
                _recorded = _recorded.With(frozen);
                _pressed.Remove(frozen);
            }
            else if (entry is LedgerEvent.Unfrozen unfrozen)
            {
                _recorded = _recorded.Without(unfrozen.Agent);
            }

            Publish();
        }
    }

    private void Publish() => _state = _pressed.Aggregate(_recorded, (state, frozen) => state.With(frozen));
}
