using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Sockeye.Hosting.Configuration;

/// <summary>
/// A section of a configuration from which options are read one by one. Every value that cannot be read, and every key that is not an
/// option, becomes an error that names the key.
/// </summary>
/// <remarks>
/// Used instead of the configuration binder, which needs reflection, ignores a key with a typo, reads <c>30</c> as 30 days, and adds to
/// lists instead of replacing them. An error does not end the reading, so that all are reported at once.
/// </remarks>
internal sealed class OptionSection
{
    private const int HoursPerDay = 24;

    private const string InfiniteText = "Infinite";

    private readonly IConfiguration _section;
    private readonly List<string> _errors;
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Creates a section.</summary>
    /// <param name="section">The configuration whose keys are options.</param>
    /// <param name="errors">Where errors are added.</param>
    public OptionSection(IConfiguration section, List<string> errors)
    {
        _section = section;
        _errors = errors;
    }

    /// <summary>The value of the section itself; <see langword="null"/> if it has none.</summary>
    public string? Value => (_section as IConfigurationSection)?.Value is { Length: > 0 } value ? value : null;

    private string Path => (_section as IConfigurationSection)?.Path ?? "";

    /// <summary>Whether the configuration has a value, or nested keys, for a key.</summary>
    public bool Has(string name) => _section.GetSection(name).Exists();

    /// <summary>The message of an exception, without the name of a parameter, which is not what a reader of a configuration knows.</summary>
    public static string MessageOf(ArgumentException exception)
    {
        int end = exception.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? exception.Message : exception.Message[..end];
    }

    /// <summary>Reads nested options, from a section with a key of this one.</summary>
    /// <param name="name">The key.</param>
    /// <param name="current">The value without that section.</param>
    /// <param name="read">Reads the section.</param>
    public T Nested<T>(string name, T current, Func<OptionSection, T> read)
    {
        _known.Add(name);
        IConfigurationSection section = _section.GetSection(name);

        // An empty object, and a null, set nothing.
        return section.Value is { Length: > 0 } || section.GetChildren().Any() ? read(new OptionSection(section, _errors)) : current;
    }

    /// <summary>Notes a key that is read elsewhere.</summary>
    public void Ignore(string name) => _known.Add(name);

    /// <summary>
    /// Copies options with values of this section, and checks that all its keys were read. A section with a value instead of keys is an
    /// error.
    /// </summary>
    /// <param name="current">The options.</param>
    /// <param name="with">Returns a copy. An <see cref="ArgumentException"/> of a setter becomes an error.</param>
    public T Apply<T>(T current, Func<T, T> with)
    {
        if (Value is { } value)
        {
            _errors.Add($"{Path} is '{value}', and must be an object with options.");
            return current;
        }

        T result = current;
        try
        {
            result = with(current);
        }
        catch (ArgumentException exception)
        {
            // The setter of an option names it; what is wrong with several options together concerns the section.
            string name = exception.ParamName is { } option && _known.Contains(option) ? option : "";
            Fail(name, $"{Quoted(name)}{MessageOf(exception)}");
        }

        FailUnread();
        return result;
    }

    /// <summary>Reads a text.</summary>
    public string? Text(string name, string? current) => TryGet(name, out string text) ? text : current;

    /// <summary>Reads a value in a form of its own.</summary>
    /// <param name="name">The key.</param>
    /// <param name="current">The value without it.</param>
    /// <param name="parse">Reads the text; a <see cref="FormatException"/> says what is wrong with it.</param>
    public T Parsed<T>(string name, T current, Func<string, T> parse)
    {
        if (!TryGet(name, out string text))
        {
            return current;
        }

        try
        {
            return parse(text);
        }
        catch (FormatException exception)
        {
            Fail(name, $"is '{text}': {exception.Message}");
            return current;
        }
    }

    /// <summary>Reads a truth value.</summary>
    public bool Flag(string name, bool current) => Parsed(name, current, static text => bool.TryParse(text, out bool value)
        ? value
        : throw new FormatException("Must be true or false."));

    /// <summary>Reads a truth value that may be unset; an empty text unsets it.</summary>
    public bool? Flag(string name, bool? current) => IsUnset(name) ? null : current is null && !Has(name) ? null : Flag(name, current ?? false);

    /// <summary>Reads a whole number.</summary>
    public long Number(string name, long current) => Parsed(
        name, current, static text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new FormatException("Must be a whole number."));

    /// <summary>Reads a whole number.</summary>
    public int Number(string name, int current)
    {
        long value = Number(name, (long)current);
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            return (int)value;
        }

        Fail(name, $"is '{value}', which is too large.");
        return current;
    }

    /// <summary>Reads a whole number that may be unset; an empty text unsets it.</summary>
    public int? Number(string name, int? current) => IsUnset(name) ? null : current is null && !Has(name) ? null : Number(name, current ?? 1);

    /// <summary>Reads a whole number that may be unset; an empty text unsets it.</summary>
    public long? Number(string name, long? current) => IsUnset(name) ? null : current is null && !Has(name) ? null : Number(name, current ?? 1L);

    /// <summary>Reads a time: <c>00:00:30</c>, or <c>Infinite</c>.</summary>
    public TimeSpan Time(string name, TimeSpan current) => Parsed(name, current, static text =>
        text.Equals(InfiniteText, StringComparison.OrdinalIgnoreCase) ? Timeout.InfiniteTimeSpan

        // TimeSpan reads a single number as days, which would make a limit of 30 seconds one of 30 days.
        : IsClockTime(text) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan value) ? value
        : throw new FormatException($"Must be a time such as 00:00:30 for 30 seconds, or {InfiniteText}."));

    // It reads 24:00:00 as 24 days, too.
    private static bool IsClockTime(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        ReadOnlySpan<char> first = colon < 0 ? "" : text.AsSpan(0, colon).TrimStart('-');
        return colon > 0 && (first.Contains('.') || (int.TryParse(first, CultureInfo.InvariantCulture, out int hours) && hours < HoursPerDay));
    }

    /// <summary>Reads the name of an enumeration's value, or its number.</summary>
    public T Choice<T>(string name, T current)
        where T : struct, Enum => Parsed(name, current, static text => Enum.TryParse(text, ignoreCase: true, out T value)
            ? value
            : throw new FormatException($"Must be one of {string.Join(", ", Enum.GetNames<T>())}."));

    /// <summary>Reads the name or the number of a value that may be unset; an empty text unsets it.</summary>
    public T? Choice<T>(string name, T? current)
        where T : struct, Enum =>
        IsUnset(name) ? null : current is null && !Has(name) ? null : Choice(name, current ?? default(T));

    /// <summary>Reads a list of texts, which replaces the current one.</summary>
    public IReadOnlyList<string> Texts(string name, IReadOnlyList<string> current) => List(name, current, static text => text);

    /// <summary>Reads a list, which replaces the current one.</summary>
    /// <param name="name">The key.</param>
    /// <param name="current">The list without it.</param>
    /// <param name="parse">Reads the text of an item; a <see cref="FormatException"/> says what is wrong with it.</param>
    public IReadOnlyList<T> List<T>(string name, IReadOnlyList<T> current, Func<string, T> parse) => Items(
        name, current, (section, key) => section.Has(key) ? [section.Parsed(key, default(T)!, parse)] : []);

    /// <summary>Reads a list of sections, which replaces the current one.</summary>
    /// <param name="name">The key.</param>
    /// <param name="current">The list without it.</param>
    /// <param name="read">Reads the item with the given key of the list's section; an item in error is left out.</param>
    public IReadOnlyList<T> Items<T>(string name, IReadOnlyList<T> current, Func<OptionSection, string, IEnumerable<T>> read)
    {
        _known.Add(name);
        IConfigurationSection list = _section.GetSection(name);
        if (!list.Exists())
        {
            return current;
        }

        if (list.Value is { Length: > 0 } text)
        {
            Fail(name, $"is '{text}', and must be a list.");
            return current;
        }

        int errorCount = _errors.Count;
        var section = new OptionSection(list, _errors);
        T[] items = [.. list.GetChildren().SelectMany(item => read(section, item.Key))];
        return _errors.Count == errorCount ? items : current;
    }

    /// <summary>Adds an error about a key of this section.</summary>
    /// <param name="name">The key; empty for the section itself.</param>
    /// <param name="what">What is wrong, as the rest of a sentence that begins with the key.</param>
    public void Fail(string name, string what) => _errors.Add($"{KeyOf(name)} {what}");

    private string KeyOf(string name) => Path.Length == 0 ? name : name.Length == 0 ? Path : $"{Path}:{name}";

    private string Quoted(string name) => name.Length > 0 && _section[name] is { } text ? $"is '{text}': " : "is invalid: ";

    private bool IsUnset(string name)
    {
        _known.Add(name);
        return _section.GetSection(name).Value is "";
    }

    private bool TryGet(string name, out string text)
    {
        _known.Add(name);
        IConfigurationSection section = _section.GetSection(name);
        text = section.Value ?? "";
        if (section.GetChildren().Any())
        {
            Fail(name, "has nested keys, and takes one value.");
            return false;
        }

        // A null of JSON is as if the key were not there.
        return section.Value is not null;
    }

    private void FailUnread()
    {
        foreach (IConfigurationSection child in _section.GetChildren().Where(child => !_known.Contains(child.Key)))
        {
            _errors.Add(
                $"{child.Path} is not an option that a configuration can set. Known here: "
                + $"{string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
        }
    }
}
