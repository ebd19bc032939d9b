using System.Net;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Forwarding.Targets;

namespace SmartProxy.Forwarding.Attempts;

/// <summary>The unpaid attempt: an answer of 402 is held back, any other one passes.</summary>
internal sealed class FirstAttempt(ForwardTarget target, ForwardingParts parts, ReplayableBody? body) : Attempt(target, parts)
{
    /// <summary>The 402, if there was one.</summary>
    public HeldResponse? Held { get; private set; }

    /// <summary>False keeps an answer that costs nothing to its status.</summary>
    public bool ShowsFree { get; init; } = true;

    /// <summary>The status of an answer that was not shown.</summary>
    public int? FreeStatus { get; private set; }

    protected override ValueTask<bool> ReceiveAsync(HttpContext context, HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.PaymentRequired)
        {
            return HoldAsync(response);
        }

        if (!ShowsFree)
        {
            FreeStatus = (int)response.StatusCode;
            return ValueTask.FromResult(false);
        }

        body?.Release();
        CopyToAgent(response, context.Response.Headers);
        ExpectTrailers(context, response);
        var shown = ShowStreamHeadAsync(context);
        return shown.IsCompletedSuccessfully ? ValueTask.FromResult(true) : PassAsync(shown);
    }

    private static async ValueTask<bool> PassAsync(Task shown)
    {
        await shown;
        return true;
    }

    private async ValueTask<bool> HoldAsync(HttpResponseMessage response)
    {
        Parts.Charging.Learn(Target.Identity.Agent, Target.Origin);
        var headers = new HeaderDictionary();
        CopyToAgent(response, headers);
        Held = await HeldResponse.TakeAsync(response, headers, Parts.TermsTime);
        return false;
    }
}
