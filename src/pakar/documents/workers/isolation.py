"""Shuts a reading process off: no network, no writing outside its folder, no life after its owner.

Linux only, without privileges and without a library: user and network namespaces (unshare(2)),
Landlock (landlock(7): files, and TCP from version 4), PR_SET_PDEATHSIG (prctl(2)). What the kernel
does not grant is left out and told. Everywhere, Python's own sockets are shut by an audit hook,
which stops code of a library written in Python and nothing else.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
# The same on all processors but Alpha.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _RULE_PATH_BENEATH = 1, 1
_TCP = 0b11  # bind and connect
_SCOPES = 0b11  # abstract sockets and signals to processes outside
# Bits of landlock(7): write_file; remove_dir to make_sym; refer (2), truncate (3), by version.
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_REFER = 1 << 13
_SHUT_EVENTS = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo",
                "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendmsg")  # fmt: skip


def cut_off_network() -> str:
    """Takes the network away; returns "namespace" where the kernel did it, else "guard".

    To be called while the process has one thread only.
    """
    sys.addaudithook(_refuse_sockets)
    if sys.platform != "linux":
        return "guard"
    user, group = os.getuid(), os.getgid()
    if _libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return "guard"
    for file, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"),
                       ("gid_map", f"{group} {group} 1")):  # fmt: skip
        try:
            Path("/proc/self", file).write_text(line, encoding="ascii")
        except OSError:
            break  # it stays nobody there; its rights to files are unchanged
    return "namespace"


def keep_writes_in(folder: str) -> tuple[bool, bool]:
    """Lets the process change files below `folder` only, and use no TCP.

    Returns what the kernel granted: (files, TCP).
    """
    if sys.platform != "linux":
        return False, False
    libc = _libc()
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return False, False
    changes = _CHANGES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    tcp = _TCP if version >= 4 else 0
    scopes = _SCOPES if version >= 6 else 0
    attributes = struct.pack("QQQ", changes, tcp, scopes)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall(_CREATE_RULESET, attributes, size, 0)
    if rules < 0:
        return False, False
    try:
        granted = _allow(libc, rules, folder, changes) and _allow(
            libc, rules, os.devnull, _WRITE_FILE | (_TRUNCATE if version >= 3 else 0)
        )
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        granted = granted and libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)
    return granted, granted and bool(tcp)


def die_with_owner(owner: int) -> None:
    """The kernel kills this process when the thread that started it ends, however it ends."""
    if sys.platform != "linux":
        return
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != owner:
        os._exit(0)  # it ended before it could be named


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> bool:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        beneath = struct.pack("=Qi", rights, place)
        return bool(libc.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, beneath, 0) == 0)
    finally:
        os.close(place)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _refuse_sockets(event: str, _arguments: object) -> None:
    if event in _SHUT_EVENTS:
        raise PermissionError(f"a reading process has no network ({event})")
