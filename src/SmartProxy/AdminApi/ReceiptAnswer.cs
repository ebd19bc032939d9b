using System.Buffers.Text;
using System.Text;

namespace SmartProxy.AdminApi;

/// <summary>A receipt as an answer: the signed text itself, or, for who accepts only JSON, what it says.</summary>
internal static class ReceiptAnswer
{
    public static Task SendAsync(HttpContext context, string? receipt)
    {
        if (receipt is null)
        {
            return ApiAnswer.ProblemAsync(context, StatusCodes.Status404NotFound, "receipt_not_found", "there is no receipt by this id for these credentials; ids are in the header Smart-Proxy-Receipt");
        }

        return context.Request.Headers.Accept.ToString() == "application/json"
            ? ApiAnswer.TextAsync(context, "application/json", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(receipt.Split('.')[1])))
            : ApiAnswer.TextAsync(context, "application/jose", receipt + "\n");
    }
}
