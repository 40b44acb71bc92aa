"""Programs that try to get out, to see what they must not, or to take more than they may.

Each prints `out` where it got what it wanted; `{home}`, `{port}`, `{pid}` and the like are filled in by the tests.
"""

ESCAPES = {
    "reads the environment": 'import os\nprint("out" if "hunter2" in repr(dict(os.environ)) else "in")',
    "reads a secret at home": 'print("out" if "hunter2" in open({secret!r}).read() else "in")',
    "finds the home folder": 'import os\nprint("out" if os.path.exists({home!r}) else "in")',
    "reads the environment of others through /proc": (
        'import glob\nfound = [open(f, "rb").read() for f in glob.glob("/proc/*/environ")]\n'
        'print("out" if any(b"hunter2" in text for text in found) else "in")'
    ),
    "reads passwords": 'print("out" if open("/etc/passwd").read() else "in")',
    "asks a server on this machine": (
        'import urllib.request\nprint("out", urllib.request.urlopen("http://127.0.0.1:{port}", timeout=2).read())'
    ),
    "opens a socket": 'import socket\nsocket.socket()\nprint("out")',
    "opens a pair of sockets": 'import socket\nsocket.socketpair()\nprint("out")',
    "writes beside": 'open({target!r}, "w").write("x")\nprint("out")',
    "writes into the system": 'open("/usr/lib/x.py", "w").write("x")\nprint("out")',
    "writes into the root": 'open("/x", "w").write("x")\nprint("out")',
    "changes its own program": 'open(__file__, "w").write("x")\nprint("out")',
    "kills who started it": 'import os\nos.kill({pid}, 9)\nprint("out")',
    "kills everybody": 'import os\nos.kill(-1, 9)\nprint("out" if os.getpid() != 2 else "in")',
    "kills process 1": 'import os, time\nos.kill(1, 9)\ntime.sleep(0.3)\nos.kill(1, 0)\nprint("in")',
    "traces who started it": (
        'import ctypes\nlibc = ctypes.CDLL(None)\nprint("out" if libc.ptrace(16, {pid}, 0, 0) == 0 else "in")'
    ),
    "traces its own child": (
        "import ctypes, os\nchild = os.fork()\nif child == 0:\n    import time\n    time.sleep(5)\n"
        'print("out" if ctypes.CDLL(None).ptrace(16, child, 0, 0) == 0 else "in")\nos.kill(child, 9)'
    ),
    "reads the memory of others": 'open("/proc/{pid}/mem", "rb").read(1)\nprint("out")',
    "follows a symbolic link out": (
        'import os\nos.symlink({secret!r}, "/tmp/link")\nprint("out" if open("/tmp/link").read() else "in")'
    ),
    "climbs out by ..": 'print("out" if open("../../../../../../.." + {secret!r}).read() else "in")',
    "climbs out by an open folder": (
        "import os\nfor number in range(3, 64):\n    try:\n        os.fchdir(number)\n"
        '        print("out", os.getcwd())\n    except OSError:\n        pass\nprint("in")'
    ),
    "leaves by chroot": (
        'import os\nos.mkdir("/tmp/a")\nos.chroot("/tmp/a")\nfor _ in range(50):\n    os.chdir("..")\n'
        'os.chroot(".")\nprint("out")'
    ),
    "makes a user namespace": ('import ctypes\nprint("out" if ctypes.CDLL(None).unshare(0x10000000) == 0 else "in")'),
    "mounts something": (
        'import ctypes\nprint("out" if ctypes.CDLL(None).mount(b"x", b"/tmp", b"tmpfs", 0, b"") == 0 else "in")'
    ),
    "mounts /proc": (
        'import ctypes, os\nos.mkdir("/tmp/p")\n'
        'print("out" if ctypes.CDLL(None).mount(b"proc", b"/tmp/p", b"proc", 0, b"") == 0 else "in")'
    ),
    "becomes root": 'import os\nos.setuid(0)\nprint("out")',
    "is root": 'import os\nprint("out" if os.getuid() == 0 else "in")',
    "runs a program as root": (
        'import subprocess\nfound = subprocess.run(["/bin/su", "-c", "id"], capture_output=True, text=True)\n'
        'print("out" if "uid=0" in found.stdout else "in")'
    ),
    "takes io_uring": 'import ctypes\nprint("out" if ctypes.CDLL(None).syscall(425, 8, b"0" * 120) >= 0 else "in")',
    "takes memory without a name": 'import os\nos.memfd_create("x")\nprint("out")',
    "takes shared memory": 'import ctypes\nprint("out" if ctypes.CDLL(None).shmget(0, 1 << 30, 0o1600) >= 0 else "in")',
    "opens a device of this machine": (
        'import os\nnames = ("sda", "vda", "mem", "kmsg", "tty", "pts")\n'
        'print("out" if any(os.path.exists("/dev/" + name) for name in names) else "in")'
    ),
    "makes a device": 'import os, stat\nos.mknod("/tmp/d", 0o600 | stat.S_IFBLK, os.makedev(8, 0))\nprint("out")',
    "raises its own limits": (
        "import resource\nfor limit in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):\n"
        '    resource.setrlimit(limit, (-1, -1))\nprint("out")'
    ),
    "changes the host's name": 'import socket\nsocket.sethostname("x")\nprint("out")',
    "reads what it was told": 'import sys\nprint("out" if sys.stdin.read() else "in")',
}
"""What it tries, and the program."""
