"""The jail: a program of its own that shuts itself in and then becomes the program to be run; imports nothing of ours.

It reads what to do from standard input, as JSON: `mode` (`namespaces`, `inside` another jail, or `rlimits`), `argv`,
`files` (name to text), `environment`, `limits`, and `roots` (what of the system is shown, read-only). What became of it
goes to the file descriptor that its argument names, as one line of JSON; the jailed program never holds it.

With namespaces the tree is: this process, which only waits; its child, process 1 of the new namespace; the program.
When this process is killed, process 1 dies, and with it everything in the namespace.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

import system_calls  # type: ignore[import-not-found]  # lies beside this file

_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH, _PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 2, 1, 24
_MOUNT_SETATTR, _AT_RECURSIVE, _CAPABILITY_3 = 442, 0x8000, 0x20080522
_DEVICES = ("null", "zero", "full", "random", "urandom")
_PLACES = ("/mnt", "/srv", "/media", "/opt", "/tmp")
_NOBODY = 65534
_FIRST_UID, _NUM_UIDS = 61184, 4000  # a range that systemd leaves to short-lived services

libc = ctypes.CDLL(None, use_errno=True)
STATUS = int(sys.argv[1])


class _Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns_fd")]


def main() -> None:
    """Does what standard input says."""
    order = json.loads(sys.stdin.buffer.read())
    os.set_inheritable(STATUS, False)
    try:
        if order["mode"] != "inside":
            _die_with(order["watcher"])
        if order["mode"] == "namespaces":
            _shut_in(order)
        else:
            os.makedirs(order["folder"], exist_ok=True)
            _write_files(order["folder"], order["files"])
            _become(order)
    except BaseException as error:
        _tell({"failed": f"{type(error).__name__}: {error}"})
        os._exit(70)


def _shut_in(order: dict[str, Any]) -> None:
    is_root = os.geteuid() == 0
    uid = _FIRST_UID + os.getpid() % _NUM_UIDS if is_root else os.geteuid()
    _new_namespaces(is_root)
    _die_with(order["watcher"])  # new rights have made the kernel forget it
    _build_root(order)
    asked, answer = os.pipe()
    child = os.fork()
    if child:
        os.close(asked)
        os.write(answer, b"!")  # process 1 will now die with this process
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    os.close(answer)
    try:
        _be_first(order, asked, uid if is_root else None)
    except BaseException as error:
        _tell({"failed": f"{type(error).__name__}: {error}"})
        os._exit(70)


def _be_first(order: dict[str, Any], asked: int, uid: int | None) -> None:
    """Process 1: gives up all rights, starts the program, tells its end."""
    os.setsid()
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _check(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.read(asked, 1) != b"!":
        os._exit(0)
    os.close(asked)
    _give_up_capabilities()
    child = os.fork()
    if child == 0:
        try:
            _become(order)
        except BaseException as error:
            _tell({"failed": f"{type(error).__name__}: {error}"})
            os._exit(70)
    while True:
        found, status = os.wait()
        if found == child:
            _tell({"exit": os.waitstatus_to_exitcode(status)})
            os._exit(0)


def _die_with(watcher: int) -> None:
    """Whoever watches the time may be killed: then nobody would end the program."""
    _check(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != watcher:
        os._exit(0)


def _new_namespaces(is_root: bool) -> None:
    flags = _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS | _NEWCGROUP
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.unshare(flags if is_root else flags | _NEWUSER), "unshare")
    if not is_root:
        # A user cannot map groups before they can no longer be dropped.
        for name, text in (("setgroups", "deny"), ("uid_map", f"{_NOBODY} {uid} 1"), ("gid_map", f"{_NOBODY} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


def _build_root(order: dict[str, Any]) -> None:
    """A small file system in memory, with parts of the real one read-only in it, becomes the root."""
    limits, sources = order["limits"], order["roots"]
    _mount("none", "/", None, _REC | _PRIVATE)
    place = next(p for p in _PLACES if os.path.isdir(p) and not any(s == p or s.startswith(p + "/") for s in sources))
    _mount("tmpfs", place, "tmpfs", _NOSUID | _NODEV, "size=1m,nr_inodes=512,mode=0755")
    for source in sources:
        _show(source, place)
    _show_devices(place)
    os.mkdir(f"{place}/tmp")
    options = f"size={limits['disk_bytes']},nr_inodes=4096,mode=1777"
    _mount("tmpfs", f"{place}/tmp", "tmpfs", _NOSUID | _NODEV, options)
    os.mkdir(f"{place}/program")
    _write_files(f"{place}/program", order["files"])
    os.chdir(place)
    _check(libc.pivot_root(b".", b"."), "pivot_root")
    _check(libc.umount2(b".", _DETACH), "umount2")
    os.chdir("/")
    _mount("none", "/", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)


def _show(source: str, place: str) -> None:
    target = place + source
    if os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "w").close()
    _mount(source, target, None, _BIND | _REC)
    attributes = _Attributes(_RDONLY | _NOSUID | _NODEV, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    result = libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR), -100, target.encode(), _AT_RECURSIVE, ctypes.byref(attributes), size
    )
    _check(result, "mount_setattr")


def _show_devices(place: str) -> None:
    os.mkdir(f"{place}/dev")
    for name in _DEVICES:
        target = f"{place}/dev/{name}"
        open(target, "w").close()
        _mount(f"/dev/{name}", target, None, _BIND)


def _become(order: dict[str, Any]) -> None:
    """Limits, the filter, and then the program in place of this one."""
    limits = order["limits"]
    os.chdir("/tmp" if order["mode"] != "rlimits" else order["folder"])
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for name, value in (
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NPROC, limits["processes"]),
    ):
        resource.setrlimit(name, (value, value))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    system_calls.install_filter()
    os.execve(order["argv"][0], order["argv"], order["environment"])


def _write_files(folder: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def _give_up_capabilities() -> None:
    for number in range(64):
        libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # fails past the last one there is
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_3, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    names = (source.encode(), target.encode(), kind.encode() if kind else None)
    _check(libc.mount(*names, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _tell(facts: dict[str, Any]) -> None:
    os.write(STATUS, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main()
