namespace SmartProxy.Policy.Edits;

/// <summary>Every file of a policy, to be looked up and changed by place.</summary>
internal sealed class PolicyFiles
{
    private readonly PolicyText _text;
    private readonly List<(PolicyPart Part, EditableJson Json)> _files = [];

    public PolicyFiles(PolicyText text)
    {
        _text = text;
        foreach (var part in text.Parts)
        {
            if (EditableJson.TryParse(part.Bytes.Span) is { } json)
            {
                _files.Add((part, json));
            }
        }
    }

    /// <summary>The first file; where something is added that is nowhere yet.</summary>
    public (PolicyPart Part, EditableJson Json)? First => _files.Count == 0 ? null : _files[0];

    /// <summary>The file in which a place is, or null.</summary>
    public (PolicyPart Part, EditableJson Json)? Find(string place)
    {
        foreach (var file in _files)
        {
            if (file.Json.Has(place))
            {
                return file;
            }
        }

        return null;
    }

    /// <summary>
    /// The place that a rule's words begin with: <c>agents.me.deny[0]</c> of <c>agents.me.deny[0] category:gambling</c>; or, where that is said by
    /// default, the nearest place around it. Null for words that are no place.
    /// </summary>
    public string? PlaceOf(string rule)
    {
        for (var place = rule; place.Length > 0; place = Parent(place))
        {
            if (Find(place) is not null)
            {
                return place;
            }
        }

        return null;
    }

    public PolicyPlace? Locate(string rule) =>
        PlaceOf(rule) is { } place && Find(place) is var (part, json) ? new PolicyPlace(_text.PathOf(part), json.LineOf(place)!.Value) : null;

    /// <summary>The policy with another text of one of its files.</summary>
    public PolicyText With(PolicyPart part, byte[] bytes) => _text.IsFolder
        ? PolicyText.OfFolder(_text.Path, _text.Parts.Select(other => other == part ? other with { Bytes = bytes } : other))
        : PolicyText.OfFile(_text.Path, bytes);

    public string PathOf(PolicyPart part) => _text.PathOf(part);

    // Words after the place first, then the last step of the path; a quoted key is one step.
    private static string Parent(string place)
    {
        var quoted = false;
        var cut = -1;
        for (var i = 0; i < place.Length; i++)
        {
            quoted ^= place[i] == '"';
            if (!quoted && place[i] == ' ')
            {
                return place[..i];
            }

            if (!quoted && place[i] is '.' or '[')
            {
                cut = i;
            }
        }

        return cut < 0 ? "" : place[..cut];
    }
}
