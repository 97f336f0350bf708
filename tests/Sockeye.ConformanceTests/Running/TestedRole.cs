namespace Sockeye.Tests;

/// <summary>The role of the endpoint under test. The peer has the other one.</summary>
public enum TestedRole
{
    Server,
    Client,
}
