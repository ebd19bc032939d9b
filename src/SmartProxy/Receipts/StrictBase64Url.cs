using System.Buffers.Text;

namespace SmartProxy.Receipts;

/// <summary>Base64url as JOSE writes it (RFC 7515 2): no padding, no white space, and the unused bits of the last digit zero, so that every value has one text.</summary>
internal static class StrictBase64Url
{
    public static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = [];
        if (!Base64Url.IsValid(text))
        {
            return false;
        }

        bytes = Base64Url.DecodeFromChars(text);
        return Base64Url.EncodeToString(bytes) == text;
    }
}
