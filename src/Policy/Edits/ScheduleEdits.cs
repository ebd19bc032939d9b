using System.Globalization;

namespace SmartProxy.Policy.Edits;

/// <summary>Opens a schedule for one hour of the week: the one in which the request came.</summary>
internal static class ScheduleEdits
{
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    public static Change? Open(PolicyFiles files, string rule, DateTimeOffset at, string fileZone)
    {
        if (files.PlaceOf(rule) is not { } place || files.Find(place) is not var (part, json))
        {
            return null;
        }

        // Hours with a zone of their own stand in an object.
        var hours = json.IsObject(place) ? place + ".hours" : place;
        var zone = json.ValueAt(place + ".timeZone")?.Trim('"') ?? fileZone;
        if (!json.Has(hours) || !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found))
        {
            return null;
        }

        var local = TimeZoneInfo.ConvertTime(at, found);
        var span = string.Create(CultureInfo.InvariantCulture, $"{Days[(int)local.DayOfWeek]} {local.Hour:D2}:00-{local.Hour + 1:D2}:00");
        return new Change(files, part, json, hours, json.AddItem(hours, EditableJson.TextOf(span)), $"add \"{span}\" to {hours}");
    }
}
