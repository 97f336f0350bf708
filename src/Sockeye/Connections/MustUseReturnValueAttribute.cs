namespace JetBrains.Annotations;

/// <summary>
/// Has ReSharper and Rider warn where a method's result is ignored. They know the attribute by its full name, in whichever
/// assembly it is declared, so Sockeye depends on no package for it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MustUseReturnValueAttribute : Attribute;
