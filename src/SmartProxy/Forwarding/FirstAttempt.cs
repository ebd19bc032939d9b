using System.Net;
using Microsoft.AspNetCore.Http;

namespace SmartProxy.Forwarding;

/// <summary>The unpaid attempt: an answer of 402 is held back, any other one passes.</summary>
internal sealed class FirstAttempt(ForwardTarget target, ForwardingParts parts, ReplayableBody? body) : Attempt(target, parts)
{
    /// <summary>The 402, if there was one.</summary>
    public HeldResponse? Held { get; private set; }

    protected override ValueTask<bool> ReceiveAsync(HttpContext context, HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.PaymentRequired)
        {
            return HoldAsync(response);
        }

        body?.Release();
        CopyToAgent(response, context.Response.Headers);
        ExpectTrailers(context, response);
        var shown = ShowEventsHeadAsync(context);
        return shown.IsCompletedSuccessfully ? ValueTask.FromResult(true) : PassAsync(shown);
    }

    private static async ValueTask<bool> PassAsync(Task shown)
    {
        await shown;
        return true;
    }

    private async ValueTask<bool> HoldAsync(HttpResponseMessage response)
    {
        Parts.Charging.Learn(Target.Origin);
        var headers = new HeaderDictionary();
        CopyToAgent(response, headers);
        Held = await HeldResponse.TakeAsync(response, headers, Parts.TermsTime);
        return false;
    }
}
