namespace Sockeye.Tests;

/// <summary>Which end the endpoint under test is. The peer is the other one.</summary>
public enum TestedRole
{
    Server,
    Client,
}
