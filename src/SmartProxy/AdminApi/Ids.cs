using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>New ids for what goes on record.</summary>
internal static class Ids
{
    public static PaymentId New(DateTimeOffset now, IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[10];
        random.Fill(bytes);
        return PaymentId.Create(now, bytes);
    }
}
