"""A simulated phone: the device side of ADB in front of an Android-like userland that runs real programs.

In reading order: `wire` (the protocol's messages), `userland` (Debian's own toybox and shell, unpacked,
with a Galaxy S8's properties and sysfs), `faults` (what goes wrong with phones), `shell` and `sync`
(the two services), `adbd` (who speaks with hosts). Start one by `python -m tests.phone`.

Nothing here is known to the runner: it sees a phone over TCP. The benchmark program that runs in it is
the real one; the phone has no timing of its own to offer.
"""
