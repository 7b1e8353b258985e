"""Faults: what breaks the world, one kind a file. Each proves that it took effect and heals whatever happens.

What each needs stands in its `needs`; where that can't be had it is Unavailable, and says why. What stands in then:

    strace               Burst while a stopped worker blocks the wait (EINTR); FewDescriptors (EMFILE), FewProcesses
                         (EAGAIN); AtBirth for the moment of a fork
    prlimit              ForkFails, AcceptFails, or Inject of ENOMEM into mmap and brk
    a registry of ours   of one that isn't, the proxies: SeverLink for one that is gone, FreezeLink for a frozen one;
                         nothing for one that comes back empty
"""
