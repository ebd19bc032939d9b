namespace SmartProxy.Forwarding;

/// <summary>A document of ours in place of the origin's answer.</summary>
internal static class OwnJson
{
    public static async ValueTask AnswerAsync(HttpContext context, ReadOnlyMemory<byte> document)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort();
            return;
        }

        response.Clear();
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/json";
        response.ContentLength = document.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(document, CancellationToken.None);
        }
    }
}
