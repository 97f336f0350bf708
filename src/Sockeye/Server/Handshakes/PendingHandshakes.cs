using System.Diagnostics.CodeAnalysis;
using Sockeye.Collections;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// The handshakes in progress, TLS included: how many there are, from which networks, and which of them give way to others when there are
/// too many.
/// </summary>
/// <remarks>
/// <para>
/// A client has a second to send its request, which nearly always arrives with the connection. After that, and until the request has
/// arrived whole, its handshake gives way when its place is needed: those that have sent nothing first, the oldest first. If none can
/// give way, clients wait in the system's queue, which costs this server nothing.
/// </para>
/// <para>
/// Each network has a share of the places. It may take more while places are free, so that many clients behind one address are served
/// like any others. When no place is free, a network with more than its share loses its oldest handshake at once to a client of another
/// network, and a client of its own is rejected, unless one of its own handshakes is a second old.
/// </para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed class PendingHandshakes(int maxCount, int share, DeadlineWheel wheel) : Deadline
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    // Set before the first handshake.
    private int _maxCount = maxCount;
    private int _share = share;

    private readonly Lock _gate = new();
    private readonly LinkedList<PendingPlace> _silent = new();
    private readonly LinkedList<PendingPlace> _begun = new();
    private readonly Dictionary<PeerNetwork, PendingNetwork> _networks = [];
    private readonly LinkedList<PendingNetwork> _large = new();
    private readonly SpareObjects<PendingPlace> _sparePlaces = new();
    private readonly SpareObjects<PendingNetwork> _spareNetworks = new();
    private int _count;

    /// <summary>Raised on any thread when a place has become free.</summary>
    public event Action? RoomMade;

    /// <summary>
    /// Limits handshakes to half of the connections that the descriptor limit allows, so that silent clients give way before descriptors
    /// run short. Called before the first handshake.
    /// </summary>
    /// <param name="connectionRoom">How many connections the descriptor limit allows.</param>
    public void LimitTo(int connectionRoom)
    {
        int lower = Math.Max(1, connectionRoom / 2);
        if (lower < _maxCount)
        {
            _share = (int)Math.Max(1, (long)_share * lower / _maxCount);
            _maxCount = lower;
        }
    }

    /// <summary>The number of handshakes.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether another may begin; if not, <see cref="RoomMade"/> is raised later.</summary>
    public bool HasRoom()
    {
        if (Count < _maxCount)
        {
            return true;
        }

        TimeSpan left;
        lock (_gate)
        {
            // A place may have become free since, and the event may have been raised.
            if (_count < _maxCount)
            {
                return true;
            }

            if (OldestOfLarge() is not null)
            {
                return true;
            }

            if (_silent.First is null && _begun.First is null)
            {
                return false;
            }

            left = Sooner(LeftOfGrace(_silent.First), LeftOfGrace(_begun.First));
        }

        if (left <= TimeSpan.Zero)
        {
            return true;
        }

        wheel.Schedule(this, left);
        return false;
    }

    /// <summary>Whether another may begin from a network, which may have its share already.</summary>
    public bool HasRoomFor(PeerNetwork network)
    {
        if (Count < _maxCount)
        {
            return true;
        }

        lock (_gate)
        {
            return _count < _maxCount || !HasShare(network, out PendingNetwork? own) || OldestOf(own) is not null;
        }
    }

    /// <summary>
    /// Counts a handshake that begins; another may have to give way to it. If several threads find a free place at the same time,
    /// all of them may begin one.
    /// </summary>
    /// <param name="handshake">The handshake.</param>
    /// <param name="network">The network of the client; unknown if it has no limit.</param>
    public void Enter(IPendingHandshake handshake, PeerNetwork network = default)
    {
        IPendingHandshake? ousted;
        lock (_gate)
        {
            ousted = _count < _maxCount ? null : FindToOust(network)?.Handshake;
            if (ousted is not null)
            {
                Forget(ousted);
            }

            PendingPlace place = _sparePlaces.Rent();
            place.Handshake = handshake;
            place.Network = network;
            place.EnteredAt = wheel.Time.GetTimestamp();
            handshake.PendingPlace = place;
            _count++;
            _silent.AddLast(place.AmongAll);
            if (network.IsKnown)
            {
                PendingNetwork own = NetworkOf(network);
                own.MayGiveWay.AddLast(place.AmongOwn);
                if (++own.Count == _share + 1)
                {
                    _large.AddLast(own.AmongLarge);
                }
            }
        }

        ousted?.GiveWay();
    }

    /// <summary>Moves a place from one handshake to the next: from TLS to the request. If the first has given way, neither is counted.</summary>
    public void HandOver(IPendingHandshake from, IPendingHandshake to)
    {
        lock (_gate)
        {
            if (from.PendingPlace is { } place)
            {
                from.PendingPlace = null;
                to.PendingPlace = place;
                place.Handshake = to;
            }
        }
    }

    /// <summary>Part of the request, or of TLS, has arrived.</summary>
    public void NoteBegun(IPendingHandshake handshake)
    {
        lock (_gate)
        {
            if (handshake.PendingPlace is { } place && place.AmongAll.List == _silent)
            {
                _silent.Remove(place.AmongAll);

                // Behind those that began to send earlier, even if it is older.
                _begun.AddLast(place.AmongAll);
            }
        }
    }

    /// <summary>The request has arrived whole: the application is deciding, and the handshake does not give way.</summary>
    public void NoteWhole(IPendingHandshake handshake)
    {
        lock (_gate)
        {
            if (handshake.PendingPlace is { } place)
            {
                Unlist(place);
            }
        }
    }

    /// <summary>The request was rejected: the handshake may give way while the client reads the response and closes.</summary>
    public void NoteRejected(IPendingHandshake handshake)
    {
        lock (_gate)
        {
            if (handshake.PendingPlace is { AmongAll.List: null } place)
            {
                place.EnteredAt = wheel.Time.GetTimestamp();
                _silent.AddLast(place.AmongAll);
                if (place.Network.IsKnown)
                {
                    _networks[place.Network].MayGiveWay.AddLast(place.AmongOwn);
                }
            }
        }
    }

    /// <summary>Ends a handshake, if one may give way, to free its descriptor for a new client.</summary>
    /// <param name="network">The network of the new client.</param>
    /// <returns>Whether one was ended.</returns>
    public bool TryMakeRoom(PeerNetwork network)
    {
        IPendingHandshake? ousted;
        lock (_gate)
        {
            ousted = FindToOust(network)?.Handshake;
            if (ousted is null)
            {
                return false;
            }

            Forget(ousted);
        }

        ousted.GiveWay();
        return true;
    }

    /// <summary>A handshake has ended. It may not have been counted.</summary>
    public void Leave(IPendingHandshake handshake)
    {
        bool makesRoom;
        lock (_gate)
        {
            makesRoom = Forget(handshake) && _count == _maxCount - 1;
        }

        if (makesRoom)
        {
            RoomMade?.Invoke();
        }
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel) => RoomMade?.Invoke();

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => FaultTrace.Write(exception);

    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static void Unlist(PendingPlace place)
    {
        place.AmongAll.List?.Remove(place.AmongAll);
        place.AmongOwn.List?.Remove(place.AmongOwn);
    }

    private PendingPlace? FindToOust(PeerNetwork network) =>
        HasShare(network, out PendingNetwork? own) ? OldestOf(own)
        : OldestOfLarge() ?? IfOld(_silent.First) ?? IfOld(_begun.First);

    private bool HasShare(PeerNetwork network, [NotNullWhen(true)] out PendingNetwork? own)
    {
        own = null;
        return network.IsKnown && _networks.TryGetValue(network, out own) && own.Count >= _share;
    }

    // Few networks can have more than their share at a time.
    private PendingPlace? OldestOfLarge()
    {
        for (LinkedListNode<PendingNetwork>? large = _large.First; large is not null; large = large.Next)
        {
            if (large.Value.MayGiveWay.First is { } oldest)
            {
                return oldest.Value;
            }
        }

        return null;
    }

    private PendingPlace? OldestOf(PendingNetwork own) => IfOld(own.MayGiveWay.First);

    private PendingPlace? IfOld(LinkedListNode<PendingPlace>? node) =>
        LeftOfGrace(node) <= TimeSpan.Zero ? node!.Value : null;

    private TimeSpan LeftOfGrace(LinkedListNode<PendingPlace>? node) =>
        node is null ? TimeSpan.MaxValue : Grace - wheel.Time.GetElapsedTime(node.Value.EnteredAt);

    private PendingNetwork NetworkOf(PeerNetwork network)
    {
        if (!_networks.TryGetValue(network, out PendingNetwork? own))
        {
            _networks[network] = own = _spareNetworks.Rent();
        }

        return own;
    }

    private bool Forget(IPendingHandshake handshake)
    {
        if (handshake.PendingPlace is not { } place)
        {
            return false;
        }

        handshake.PendingPlace = null;
        place.Handshake = null;
        Unlist(place);
        _count--;
        if (place.Network.IsKnown)
        {
            LeaveNetwork(place.Network);
        }

        _sparePlaces.Return(place);
        return true;
    }

    private void LeaveNetwork(PeerNetwork network)
    {
        PendingNetwork own = _networks[network];
        own.Count--;
        if (own.Count == _share)
        {
            _large.Remove(own.AmongLarge);
        }

        if (own.Count == 0)
        {
            _networks.Remove(network);
            _spareNetworks.Return(own);
        }
    }
}
