using System.Runtime.InteropServices;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The texts that one reader has met lately: agents, hosts and rules stand in every line, and a million payments need not hold a million copies of
/// them. Forgets by overwriting, so that it never grows. Not thread-safe: each reader has its own.
/// </summary>
/// <param name="slotBits">The number of slots as a power of two: many for a whole journal, few for a line.</param>
public sealed class SeenTexts(int slotBits = SeenTexts.WholeJournal)
{
    /// <summary>Slots for whoever reads many lines.</summary>
    public const int WholeJournal = 13;

    /// <summary>Slots for whoever reads a few.</summary>
    public const int FewLines = 8;

    private const int MaxOrigins = 4096;

    private readonly (byte[] Bytes, string Text)[] _seen = new (byte[], string)[1 << slotBits];
    private readonly Dictionary<string, Origin> _origins = new(StringComparer.Ordinal);

    /// <summary>The text of these bytes, which must be UTF-8 as it stands in JSON without an escape.</summary>
    internal string Of(ReadOnlySpan<byte> utf8)
    {
        ref var slot = ref _seen[SlotOf(utf8)];
        if (slot.Bytes is null || !utf8.SequenceEqual(slot.Bytes))
        {
            slot = (utf8.ToArray(), StrictUtf8.GetString(utf8));
        }

        return slot.Text;
    }

    internal bool TryFindOrigin(string text, out Origin origin)
    {
        if (_origins.TryGetValue(text, out origin))
        {
            return true;
        }

        if (!Origin.TryParse(text, out origin))
        {
            return false;
        }

        if (_origins.Count >= MaxOrigins)
        {
            _origins.Clear();
        }

        _origins.Add(text, origin);
        return true;
    }

    // Bytes that are no UTF-8 are an error, never a replacement character: two lines must not read the same.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private int SlotOf(ReadOnlySpan<byte> bytes)
    {
        var hash = (ulong)bytes.Length;
        while (bytes.Length >= sizeof(ulong))
        {
            hash = unchecked((hash ^ MemoryMarshal.Read<ulong>(bytes)) * 0x9E3779B97F4A7C15);
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var last in bytes)
        {
            hash = unchecked((hash ^ last) * 0x9E3779B97F4A7C15);
        }

        return (int)(hash >> (64 - slotBits));
    }
}
