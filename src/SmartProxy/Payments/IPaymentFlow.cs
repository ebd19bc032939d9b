namespace SmartProxy.Payments;

/// <summary>What happens after an origin answered 402 to an unpaid attempt.</summary>
internal interface IPaymentFlow
{
    /// <summary>Takes the call from its held 402 to an answer for the agent. Answers exactly once, whatever happens.</summary>
    ValueTask RunAsync(IUpstreamCall call);
}
