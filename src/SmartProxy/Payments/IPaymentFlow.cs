namespace SmartProxy.Payments;

/// <summary>Decides what becomes of a request that was answered with a 402.</summary>
internal interface IPaymentFlow
{
    /// <summary>
    /// Runs the exchange to its end. When it returns, the agent has its answer: the paid one, the origin's 402, or one of ours.
    /// Where the flow gave none, the forwarder answers 503.
    /// </summary>
    ValueTask RunAsync(IUpstreamCall call);
}
